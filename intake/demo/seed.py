"""Seeds a FHIR server with clinics, people, encounters and appointments.

A resource that is there already stays as it is, so seeding again adds only what is new.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from fhir_client.client import FhirClient
from fhir_client.uscore.statement import Statement
from fhir_client.write.bundle import build_bundle
from intake.demo import charts, clinics, visits
from intake.demo.clinics import DEMO_SYSTEM, DEMO_TAG, Json
from intake.demo.people import Person, demo_people
from intake.demo.visits import Appointment
from intake.questions import QuestionSet

T = TypeVar("T")
BATCH_SIZE = 60
PAGE_SIZE = "200"


@dataclass(frozen=True, slots=True)
class SeededServer:
    """The contents of the server: references by our identifiers, people and appointments."""

    references: Mapping[str, str]
    people: Sequence[Person]
    appointments: Sequence[Appointment]

    def patient_reference(self, person: Person) -> str:
        """Return the reference of the person's Patient."""
        return self.references[_patient_identifier(person)]


def seed_server(
    client: FhirClient, now: datetime, question_set: QuestionSet, check_stop: Callable[[], None]
) -> SeededServer:
    """Seed the server and return its contents; raises FhirError.

    `question_set` is the one that people answered in the past. `check_stop` is called before each
    request and may raise an exception to stop.
    """
    seeder = _Seeder(client, check_stop)
    # Each kind refers to those before it: the order matters.
    seeder.create_missing(clinics.network_organization())
    seeder.create_missing(clinics.clinic_organizations(seeder.references))
    seeder.create_missing(clinics.clinic_locations(seeder.references))
    seeder.create_missing(clinics.clinic_rooms(seeder.references))
    people = demo_people()
    created = seeder.create_missing(
        [
            charts.patient_resource(person, seeder.references[person.clinic.organization])
            for person in people
        ]
    )
    # Only new patients get a past: a visitor may have changed the charts of the others.
    newcomers = [person for person in people if _patient_identifier(person) in created]
    seeder.write_statements(_past_statements(newcomers, seeder.references, now, question_set))
    _seed_encounters(seeder, newcomers, now)
    appointments = visits.upcoming_appointments(people, now)
    seeder.create_missing(
        [
            visits.upcoming_appointment_resource(
                appointment,
                seeder.references[_patient_identifier(appointment.person)],
                seeder.references,
            )
            for appointment in appointments
        ]
    )
    return SeededServer(seeder.references, people, appointments)


def _seed_encounters(seeder: "_Seeder", newcomers: Iterable[Person], now: datetime) -> None:
    """Create the encounters, after the past appointments that some of them refer to."""
    encounters = [
        (encounter, seeder.references[_patient_identifier(person)])
        for person in newcomers
        for encounter in visits.past_encounters(person, now)
    ]
    for to_resource in (visits.past_appointment_resource, visits.encounter_resource):
        seeder.create_missing(
            [
                to_resource(encounter, patient, seeder.references)
                for encounter, patient in encounters
            ]
        )


def _past_statements(
    newcomers: Iterable[Person],
    references: Mapping[str, str],
    now: datetime,
    question_set: QuestionSet,
) -> Iterator[Statement]:
    for person in newcomers:
        yield from charts.past_statements(
            person,
            references[_patient_identifier(person)],
            references[person.clinic.organization],
            visits.last_visit_time(person, now),
            question_set,
        )


def _patient_identifier(person: Person) -> str:
    return f"patient {person.key}"


class _Seeder:
    """Writes to one server and remembers the references of what is there."""

    def __init__(self, client: FhirClient, check_stop: Callable[[], None]) -> None:
        self._client, self._check_stop = client, check_stop
        self._searched_kinds: set[str] = set()
        self.references: dict[str, str] = {}

    def create_missing(self, resources: Sequence[Json]) -> frozenset[str]:
        """Create the resources that are not there yet; returns their identifiers."""
        kinds = {str(resource["resourceType"]) for resource in resources}
        for kind in kinds - self._searched_kinds:
            self._search_kind(kind)
        # The identifier, and not the id, says what is there: the server chooses the ids.
        missing = [
            resource for resource in resources if _identifier(resource) not in self.references
        ]
        for batch in _split_batches(missing, BATCH_SIZE):
            answers = self._send_transaction([_post_entry(resource) for resource in batch])
            self.references |= {
                _identifier(resource): _created_reference(answer)
                for resource, answer in zip(batch, answers, strict=True)
            }
        return frozenset(map(_identifier, missing))

    def write_statements(self, statements: Iterable[Statement]) -> None:
        """Write answers as the worker does: read, merge, and write in one transaction."""
        for statement in statements:
            patient = self._client.read(statement.patient)
            bundle = build_bundle(statement, charts.CHART_VERSION, patient).bundle
            self._send_transaction([_tag_entry(entry) for entry in bundle["entry"]])

    def _search_kind(self, kind: str) -> None:
        self._searched_kinds.add(kind)
        criteria = {"_tag": f"{DEMO_TAG['system']}|{DEMO_TAG['code']}", "_count": PAGE_SIZE}
        for resource in self._client.search(kind, criteria):
            self.references[_identifier(resource)] = f"{kind}/{resource['id']}"

    def _send_transaction(self, entries: Sequence[Json]) -> Sequence[Json]:
        # Between requests only: a transaction that was sent is always finished.
        self._check_stop()
        answers: Sequence[Json] = self._client.send_bundle(
            {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
        )["entry"]
        return answers


def _identifier(resource: Json) -> str:
    return next(
        (
            str(identifier["value"])
            for identifier in resource.get("identifier", [])
            if identifier.get("system") == DEMO_SYSTEM
        ),
        "",
    )


def _post_entry(resource: Json) -> Json:
    return _tag_entry(
        {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
    )


def _tag_entry(entry: Json) -> Json:
    resource = entry["resource"]
    meta = {**resource.get("meta", {}), "tag": [DEMO_TAG]}
    return {**entry, "resource": {**resource, "meta": meta}}


def _created_reference(answer: Json) -> str:
    """Return the reference in a location: `Patient/1` of `https://…/Patient/1/_history/1`."""
    location = str(answer["response"]["location"]).partition("/_history/")[0]
    return "/".join(location.rsplit("/", 2)[-2:])


def _split_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
