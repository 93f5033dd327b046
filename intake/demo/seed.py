"""Seeds a FHIR server with the demo's clinics, people, encounters and appointments; what is there already is left alone."""

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
PER_TRANSACTION = 60
PAGE = "200"


@dataclass(frozen=True, slots=True)
class SeededServer:
    """What stands on the server: references by the values of our identifiers, and who is expected."""

    references: Mapping[str, str]
    people: Sequence[Person]
    appointments: Sequence[Appointment]

    def patient_reference(self, person: Person) -> str:
        """Return the reference of the person's Patient."""
        return self.references[_patient(person)]


def seed_server(
    client: FhirClient, now: datetime, asked: QuestionSet, keep_on: Callable[[], None]
) -> SeededServer:
    """Seed the server and return what stands there; `keep_on` is called between requests and may raise to stop it.

    `asked` is the question set in which the people answered before. Raises FhirError.
    """
    beds = _Beds(client, keep_on)
    beds.plant(clinics.network_organization())
    beds.plant(clinics.clinic_organizations(beds.references))
    beds.plant(clinics.clinic_locations(beds.references))
    beds.plant(clinics.clinic_rooms(beds.references))
    everybody = demo_people()
    made = beds.plant(
        [
            charts.patient_resource(each, beds.references[each.clinic.organization])
            for each in everybody
        ]
    )
    newcomers = [each for each in everybody if _patient(each) in made]
    beds.tell(_told(newcomers, beds.references, now, asked))
    _plant_encounters(beds, newcomers, now)
    coming = visits.upcoming_appointments(everybody, now)
    beds.plant(
        [
            visits.upcoming_appointment_resource(
                each, beds.references[_patient(each.person)], beds.references
            )
            for each in coming
        ]
    )
    return SeededServer(beds.references, everybody, coming)


def _plant_encounters(beds: "_Beds", newcomers: Iterable[Person], now: datetime) -> None:
    past = [
        (each, beds.references[_patient(person)])
        for person in newcomers
        for each in visits.past_encounters(person, now)
    ]
    beds.plant(
        [visits.past_appointment_resource(each, patient, beds.references) for each, patient in past]
    )
    beds.plant(
        [visits.encounter_resource(each, patient, beds.references) for each, patient in past]
    )


def _told(
    newcomers: Iterable[Person], references: Mapping[str, str], now: datetime, asked: QuestionSet
) -> Iterator[Statement]:
    for person in newcomers:
        reference, organization = (
            references[_patient(person)],
            references[person.clinic.organization],
        )
        yield from charts.past_statements(
            person, reference, organization, visits.last_visit_time(person, now), asked
        )


def _patient(person: Person) -> str:
    return f"patient {person.key}"


class _Beds:
    """A server being seeded: what is known to stand there."""

    def __init__(self, client: FhirClient, keep_on: Callable[[], None]) -> None:
        self._client, self._keep_on = client, keep_on
        self._asked: set[str] = set()
        self.references: dict[str, str] = {}

    def plant(self, resources: Sequence[Json]) -> frozenset[str]:
        """Create those of the resources that are not there yet; returns the values of their identifiers."""
        for kind in {str(each["resourceType"]) for each in resources} - self._asked:
            self._find(kind)
        missing = [each for each in resources if _value(each) not in self.references]
        for some in _in_parts(missing, PER_TRANSACTION):
            answer = self._send([_post(each) for each in some])
            self.references |= {
                _value(each): _reference(entry) for each, entry in zip(some, answer, strict=True)
            }
        return frozenset(map(_value, missing))

    def tell(self, statements: Iterable[Statement]) -> None:
        """Write what people said just as our worker writes it: read, merge, and all of it in one transaction."""
        for statement in statements:
            bundle = build_bundle(
                statement, charts.CHART_VERSION, self._client.read(statement.patient)
            ).bundle
            self._send([_tagged(entry) for entry in bundle["entry"]])

    def _find(self, kind: str) -> None:
        self._asked.add(kind)
        wanted = {"_tag": f"{DEMO_TAG['system']}|{DEMO_TAG['code']}", "_count": PAGE}
        for resource in self._client.search(kind, wanted):
            self.references[_value(resource)] = f"{kind}/{resource['id']}"

    def _send(self, entries: Sequence[Json]) -> Sequence[Json]:
        self._keep_on()
        found: Sequence[Json] = self._client.send_bundle(
            {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
        )["entry"]
        return found


def _value(resource: Json) -> str:
    return next(
        (
            str(each["value"])
            for each in resource.get("identifier", [])
            if each.get("system") == DEMO_SYSTEM
        ),
        "",
    )


def _post(resource: Json) -> Json:
    return _tagged(
        {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
    )


def _tagged(entry: Json) -> Json:
    resource = entry["resource"]
    return {
        **entry,
        "resource": {**resource, "meta": {**resource.get("meta", {}), "tag": [DEMO_TAG]}},
    }


def _reference(entry: Json) -> str:
    """Return the reference that a server gave: `Patient/1` of `https://…/Patient/1/_history/1`."""
    return "/".join(
        str(entry["response"]["location"]).partition("/_history/")[0].rsplit("/", 2)[-2:]
    )


def _in_parts(of: Iterable[T], size: int) -> Iterator[list[T]]:
    waiting = iter(of)
    while part := list(islice(waiting, size)):
        yield part
