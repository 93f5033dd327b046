"""What is on a server already: resources found again by the identifier that we gave them."""

from collections.abc import Iterable, Iterator

from fhir_client.client import Client
from fhir_client.uscore.parts import Json
from fhir_client.writing.bundle import search_of
from fhir_client.writing.ladder import IDENTIFIER, PATIENT, Strategy


def ours(
    client: Client, strategy: Strategy, kind: str, identifier: Json, patient: str
) -> Iterator[Json]:
    """Yield every resource of that kind about the patient which carries the identifier, by what the server searches by."""
    if kind in strategy.by_patient:
        return carrying(of_patient(client, kind, patient), kind, identifier)
    return identified(client, kind, identifier)


def of_patient(client: Client, kind: str, patient: str) -> Iterator[Json]:
    """Yield every resource of that kind about the patient with that reference."""
    return client.search(kind, {PATIENT: patient.removeprefix("Patient/")})


def identified(
    client: Client, kind: str, identifier: Json, *, unlogged: bool = False
) -> Iterator[Json]:
    """Yield every resource of that kind which carries the identifier; one that tells of a person is `unlogged`."""
    return carrying(
        client.search(kind, {IDENTIFIER: search_of(identifier)}, unlogged=unlogged),
        kind,
        identifier,
    )


def carrying(resources: Iterable[Json], kind: str, identifier: Json) -> Iterator[Json]:
    """Yield those of that kind which carry the identifier: who ignores what it cannot search by returns other people's."""
    wanted = search_of(identifier)
    for each in resources:
        held = each.get("identifier", [])
        if each.get("resourceType") == kind and wanted in map(
            search_of, held if isinstance(held, list) else [held]
        ):
            yield each
