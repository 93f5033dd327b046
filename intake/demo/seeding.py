"""Seeds a FHIR server with the demo's clinics, people, encounters and appointments; what is there already is left alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from fhir_client.client import Client
from fhir_client.writing.bundle import build
from intake.demo import charts, places, visits
from intake.demo.people import Person, people
from intake.demo.places import SYSTEM, TAG, Json
from intake.demo.visits import Coming
from intake.questions import QuestionSet

T = TypeVar("T")
PER_TRANSACTION = 60
PAGE = "200"


@dataclass(frozen=True, slots=True)
class Seeded:
    """What stands on the server: references by the values of our identifiers, and who is expected."""

    references: Mapping[str, str]
    people: Sequence[Person]
    coming: Sequence[Coming]

    def patient(self, person: Person) -> str:
        """Return the reference of the person's Patient."""
        return self.references[_patient(person)]


def seed(client: Client, now: datetime, asked: QuestionSet, keep_on: Callable[[], None]) -> Seeded:
    """Seed the server and return what stands there; `keep_on` is called between requests and may raise to stop it.

    `asked` is the question set in which the people answered before. Raises FhirError.
    """
    beds = _Beds(client, keep_on)
    beds.plant(places.network())
    beds.plant(places.clinics(beds.references))
    beds.plant(places.locations(beds.references))
    beds.plant(places.rooms(beds.references))
    everybody = people()
    fresh = beds.plant([charts.patient(each, beds.references[each.place.organization]) for each in everybody])
    newcomers = [(each, fresh[_patient(each)]) for each in everybody if _patient(each) in fresh]
    beds.tell(_told(newcomers, beds.references, now, asked))
    _plant_encounters(beds, [person for person, _ in newcomers], now)
    coming = visits.coming(everybody, now)
    beds.plant([visits.coming_appointment(each, beds.references[_patient(each.person)], beds.references) for each in coming])
    return Seeded(beds.references, everybody, coming)


def _plant_encounters(beds: "_Beds", newcomers: Iterable[Person], now: datetime) -> None:
    past = [(each, beds.references[_patient(person)]) for person in newcomers for each in visits.encounters(person, now)]
    beds.plant([visits.past_appointment(each, patient, beds.references) for each, patient in past])
    beds.plant([visits.encounter_resource(each, patient, beds.references) for each, patient in past])


def _told(
    newcomers: Iterable[tuple[Person, Json]], references: Mapping[str, str], now: datetime, asked: QuestionSet
) -> Iterator[Json]:
    """Yield the transaction of each thing that the newcomers said before, just as our worker would have written it."""
    for person, patient in newcomers:
        reference, organization = references[_patient(person)], references[person.place.organization]
        said = charts.statements(person, reference, organization, visits.seen(person, now), asked)
        for number, statement in enumerate(said):
            # A second statement declines, so the Patient stays as the first one left it.
            yield build(statement, charts.VERSION, patient if number == 0 else None).bundle


def _patient(person: Person) -> str:
    return f"patient {person.key}"


class _Beds:
    """A server being seeded: what is known to stand there."""

    def __init__(self, client: Client, keep_on: Callable[[], None]) -> None:
        self._client, self._keep_on = client, keep_on
        self._asked: set[str] = set()
        self.references: dict[str, str] = {}

    def plant(self, resources: Sequence[Json]) -> Mapping[str, Json]:
        """Create those of the resources, all of one type, that are not there yet; returns these as they stand now."""
        for kind in {str(each["resourceType"]) for each in resources} - self._asked:
            self._find(kind)
        missing = [each for each in resources if _value(each) not in self.references]
        made = {}
        for some in _in_parts(missing, PER_TRANSACTION):
            answer = self._send([_post(each) for each in some])
            for resource, entry in zip(some, answer, strict=True):
                created = _created(resource, entry)
                made[_value(resource)] = created
                self.references[_value(resource)] = f"{created['resourceType']}/{created['id']}"
        return made

    def tell(self, bundles: Iterable[Json]) -> None:
        """Send transactions, each by itself: servers limit how much one with If-Match may hold."""
        for bundle in bundles:
            self._send([_tagged(entry) for entry in bundle["entry"]])

    def _find(self, kind: str) -> None:
        self._asked.add(kind)
        wanted = {"_tag": f"{TAG['system']}|{TAG['code']}", "_count": PAGE}
        for resource in self._client.search(kind, wanted):
            self.references[_value(resource)] = f"{kind}/{resource['id']}"

    def _send(self, entries: Sequence[Json]) -> Sequence[Json]:
        self._keep_on()
        found: Sequence[Json] = self._client.bundle({"resourceType": "Bundle", "type": "transaction", "entry": list(entries)})[
            "entry"
        ]
        return found


def _value(resource: Json) -> str:
    return next((str(each["value"]) for each in resource.get("identifier", []) if each.get("system") == SYSTEM), "")


def _post(resource: Json) -> Json:
    return _tagged({"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}})


def _tagged(entry: Json) -> Json:
    resource = entry["resource"]
    return {**entry, "resource": {**resource, "meta": {**resource.get("meta", {}), "tag": [TAG]}}}


def _created(resource: Json, entry: Json) -> Json:
    """Return the resource with the id and the version that the server gave it, which servers tell in different ways."""
    location = str(entry["response"]["location"])
    kind = str(resource["resourceType"])
    identity, _, version = location.rpartition(f"{kind}/")[2].partition("/_history/")
    told = entry.get("resource", {}).get("meta", {}).get("versionId") or version or _bare(entry["response"].get("etag", ""))
    return {**resource, "id": identity, "meta": {**resource.get("meta", {}), "versionId": told, "tag": [TAG]}}


def _bare(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')


def _in_parts(of: Iterable[T], size: int) -> Iterator[list[T]]:
    waiting = iter(of)
    while part := list(islice(waiting, size)):
        yield part
