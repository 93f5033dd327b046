"""What is on a server already: resources found again by the identifier that we gave them."""

from collections.abc import Iterable, Iterator

from fhir_client.client import FhirClient
from fhir_client.model import Json
from fhir_client.write.bundle import identifier_search
from fhir_client.write.strategy import IDENTIFIER_PARAMETER, PATIENT_PARAMETER, WriteStrategy


def find_own(
    client: FhirClient, strategy: WriteStrategy, kind: str, identifier: Json, patient: str
) -> Iterator[Json]:
    """Yield every resource of that kind about the patient which carries the identifier, by what the server searches by."""
    if kind in strategy.by_patient:
        return filter_by_identifier(search_by_patient(client, kind, patient), kind, identifier)
    return search_by_identifier(client, kind, identifier)


def search_by_patient(client: FhirClient, kind: str, patient: str) -> Iterator[Json]:
    """Yield every resource of that kind about the patient with that reference."""
    return client.search(kind, {PATIENT_PARAMETER: patient.removeprefix("Patient/")})


def search_by_identifier(
    client: FhirClient, kind: str, identifier: Json, *, unlogged: bool = False
) -> Iterator[Json]:
    """Yield every resource of that kind which carries the identifier; one that tells of a person is `unlogged`."""
    return filter_by_identifier(
        client.search(
            kind, {IDENTIFIER_PARAMETER: identifier_search(identifier)}, unlogged=unlogged
        ),
        kind,
        identifier,
    )


def filter_by_identifier(resources: Iterable[Json], kind: str, identifier: Json) -> Iterator[Json]:
    """Yield those of that kind which carry the identifier: who ignores what it cannot search by returns other people's."""
    wanted = identifier_search(identifier)
    for each in resources:
        held = each.get("identifier", [])
        if each.get("resourceType") == kind and wanted in map(
            identifier_search, held if isinstance(held, list) else [held]
        ):
            yield each
