"""Finds our resources on a server again, by the identifiers that we gave them."""

from collections.abc import Iterable, Iterator

from fhir_client.client import FhirClient
from fhir_client.model import Json
from fhir_client.transport.tolerant_json import list_objects
from fhir_client.write.bundle import identifier_search
from fhir_client.write.strategy import IDENTIFIER_PARAMETER, PATIENT_PARAMETER, WriteStrategy


def find_own(
    client: FhirClient,
    strategy: WriteStrategy,
    resource_type: str,
    identifier: Json,
    patient: str,
) -> Iterator[Json]:
    """Yield every resource of that type about the patient with that identifier.

    The search uses a parameter that the server supports.
    """
    if resource_type in strategy.by_patient:
        about_patient = search_by_patient(client, resource_type, patient)
        return filter_by_identifier(about_patient, resource_type, identifier)
    return search_by_identifier(client, resource_type, identifier)


def search_by_patient(client: FhirClient, resource_type: str, patient: str) -> Iterator[Json]:
    """Yield every resource of that type about the Patient with that reference."""
    return client.search(resource_type, {PATIENT_PARAMETER: patient.removeprefix("Patient/")})


def search_by_identifier(
    client: FhirClient, resource_type: str, identifier: Json, *, unlogged: bool = False
) -> Iterator[Json]:
    """Yield every resource of that type with that identifier.

    Set `unlogged` for an identifier of a person, such as a record number.
    """
    parameters = {IDENTIFIER_PARAMETER: identifier_search(identifier)}
    resources = client.search(resource_type, parameters, unlogged=unlogged)
    return filter_by_identifier(resources, resource_type, identifier)


def filter_by_identifier(
    resources: Iterable[Json], resource_type: str, identifier: Json
) -> Iterator[Json]:
    """Yield the resources of that type with that identifier.

    A server that ignores a search parameter returns other patients' resources, too.
    """
    expected = identifier_search(identifier)
    for resource in resources:
        identifiers = resource.get("identifier", [])
        # It is a list on most types, and a single identifier on QuestionnaireResponse.
        listed = list_objects(identifiers if isinstance(identifiers, list) else [identifiers])
        if resource.get("resourceType") == resource_type and expected in map(
            identifier_search, listed
        ):
            yield resource
