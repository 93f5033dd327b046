"""Removes the one duplicate that a write cannot prevent."""

from fhir_client.client import FhirClient
from fhir_client.errors import RefusedError, ServerError
from fhir_client.model import Json
from fhir_client.uscore.statement import Statement
from fhir_client.write.read_back import PROVENANCE_TYPE, Mismatch, read_back
from fhir_client.write.task import Writer, WriteResult


def repair_and_read_back(
    client: FhirClient,
    writer: Writer,
    statement: Statement,
    result: WriteResult | None = None,
    *,
    base_version: str | None = None,
) -> tuple[Mismatch, ...]:
    """Return the mismatches of `read_back`, after removing surplus Provenances.

    A proxy may send a request twice. R4 gives a Provenance no identifier, so no server can be asked
    to create it only once, and the second request leaves an equal one.
    """
    mismatches = read_back(client, writer, statement, result, base_version=base_version)
    surplus = surplus_provenances(mismatches)
    # Almost every write is verified at once, and costs no further request.
    if surplus and delete_provenances(client, surplus):
        return read_back(client, writer, statement, result, base_version=base_version)
    return mismatches


def surplus_provenances(mismatches: tuple[Mismatch, ...]) -> list[Json]:
    """Return our Provenances beyond the one with the lowest id."""
    for mismatch in mismatches:
        if mismatch.element.startswith(f"{PROVENANCE_TYPE}:"):
            return sorted(mismatch.found, key=lambda provenance: str(provenance["id"]))[1:]
    return []


def delete_provenances(client: FhirClient, provenances: list[Json]) -> bool:
    """Delete the Provenances; return whether the server allowed it for all of them."""
    for provenance in provenances:
        try:
            client.delete(f"{PROVENANCE_TYPE}/{provenance['id']}")
        except (RefusedError, ServerError):
            return False
    return True
