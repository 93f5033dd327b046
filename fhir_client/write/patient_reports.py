"""Who told what a chart says: Observations by which the patient, or somebody for them, told an element."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from fhir_client.client import FhirClient
from fhir_client.model import Json
from fhir_client.references import local_reference
from fhir_client.uscore.elements import OBSERVATION_CODES
from fhir_client.uscore.observations import SOURCE_METHODS, observation_element
from fhir_client.uscore.statement import Source

STANDING = ("final", "amended", "corrected")
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ElementReport:
    """That an element was told; `own` by the patient themselves. `identifiers` are the values of the Observation's own."""

    element: str
    by_patient: bool
    reported_at: datetime
    identifiers: frozenset[str]


def read_reports(client: FhirClient, reference: str) -> Iterator[ElementReport]:
    """Yield what stands on the server as told of the patient with that reference, in no order."""
    codes = ",".join(f"{code.system}|{code.code}" for code in OBSERVATION_CODES.values())
    for each in client.search(
        "Observation", {"patient": reference.removeprefix("Patient/"), "code": codes}
    ):
        # A server that ignores what it does not know to search by returns other people's.
        if local_reference(each.get("subject", {}).get("reference"), "Patient") != reference:
            continue
        element, own = observation_element(each), _by_themselves(each, reference)
        standing = each.get("status") in STANDING and "dataAbsentReason" not in each
        if element is not None and own is not None and standing:
            identifiers = frozenset(str(held.get("value")) for held in each.get("identifier", []))
            yield ElementReport(element, own, _moment(each.get("effectiveDateTime")), identifiers)


def reported_by_patient(every: Iterable[ElementReport]) -> frozenset[str]:
    """Return the elements of which the patient's own word is the newest."""
    newest = {
        each.element: each.by_patient for each in sorted(every, key=lambda each: each.reported_at)
    }
    return frozenset(element for element, own in newest.items() if own)


def reported_elsewhere(every: Iterable[ElementReport], ours: Iterable[UUID]) -> frozenset[str]:
    """Return the elements that were told otherwise than by our own submissions `ours`."""
    own = {uuid5(each, element).urn for each in ours for element in OBSERVATION_CODES}
    return frozenset(each.element for each in every if not each.identifiers & own)


def _by_themselves(observation: Json, patient: str) -> bool | None:
    """Return whether the patient told it, False for somebody of theirs, None where nobody told it."""
    methods = {each.get("code") for each in observation.get("method", {}).get("coding", [])}
    known = {source: method.code in methods for source, method in SOURCE_METHODS.items()}
    if methods:
        return known[Source.PATIENT] if any(known.values()) else None
    performers = [
        (local_reference(each.get("reference"), "Patient"), each.get("type"))
        for each in observation.get("performer", [])
    ]
    if any(who == patient for who, _ in performers):
        return True
    return False if any(kind == "RelatedPerson" for _, kind in performers) else None


def _moment(text: object) -> datetime:
    """Return a FHIR dateTime, of which a part can be missing; what cannot be placed was before all else."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return _EVER
    return found if found.tzinfo else found.replace(tzinfo=UTC)
