"""What is on a server already: resources found again by the identifier that we gave them."""

from collections.abc import Iterator

from fhir_client.client import Client
from fhir_client.uscore.parts import Json
from fhir_client.writing.bundle import search_of


def identified(client: Client, kind: str, identifier: Json, *, unlogged: bool = False) -> Iterator[Json]:
    """Yield every resource of that kind which carries the identifier; one that tells of a person is `unlogged`."""
    wanted = search_of(identifier)
    for each in client.search(kind, {"identifier": wanted}, unlogged=unlogged):
        held = each.get("identifier", [])
        # A server that ignores what it does not know to search by returns other people's.
        if wanted in map(search_of, held if isinstance(held, list) else [held]):
            yield each
