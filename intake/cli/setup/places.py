"""Reads what a FHIR server says of itself, its Organizations and its Locations."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from fhir_client.capabilities import parse_capabilities
from fhir_client.client import FhirClient
from fhir_client.errors import FhirError
from fhir_client.model import Json
from fhir_client.references import local_reference
from intake.ehr.clients import build_client
from intake.ehr.credentials import build_tls
from intake.settings import Server

MAX_PLACES = 100
"""The most places of a kind that are offered; a longer list is not read."""

PROFILES = {
    "medplum": "medplum",
    "hapi": "hapi",
    "epic": "epic",
    "oracle": "oracle-health",
    "cerner": "oracle-health",
    "athena": "athenahealth",
}
"""A part of the name that a server's software gives itself, and the quirk profile for it."""


@dataclass(frozen=True, slots=True)
class Place:
    """An Organization or a Location: its reference and name.

    `organization` is the reference of the Organization that manages a Location, or "".
    """

    reference: str
    name: str
    organization: str = ""


@dataclass(frozen=True, slots=True)
class ServerPlaces:
    """What a server says; `fault` is why it says nothing, or ""."""

    software: str = ""
    organizations: tuple[Place, ...] = ()
    locations: tuple[Place, ...] = ()
    fault: str = ""
    quirks: str = "generic"


def read_places(server: Server) -> ServerPlaces:
    """Return what the server says; a fault ends the reading and not the dialogue."""
    software, quirks = "", "generic"
    try:
        # Everyone may read what a server is, so that this says whether the address is right.
        with FhirClient(
            server.base_url, timeout=server.timeout.total_seconds(), tls=build_tls(server)
        ) as anonymous_client:
            software = parse_capabilities(anonymous_client.read_capabilities()).software
        quirks = _choose_profile(software)
        with build_client(server) as client:
            organizations = tuple(_search_places(client, "Organization"))
            locations = tuple(_search_places(client, "Location"))
    except FhirError as error:
        return ServerPlaces(software, fault=error.message, quirks=quirks)
    return ServerPlaces(software, organizations, locations, quirks=quirks)


def _choose_profile(software: str) -> str:
    name = software.lower()
    return next((profile for part, profile in PROFILES.items() if part in name), "generic")


def _search_places(client: FhirClient, resource_type: str) -> Iterator[Place]:
    resources = client.search(resource_type, {"_count": str(MAX_PLACES)})
    # A page is fetched when its first resource is asked for, so a long list is not read whole.
    for resource in islice(resources, MAX_PLACES):
        if _is_in_use(resource) and isinstance(resource.get("id"), str):
            yield _build_place(resource_type, resource)


def _is_in_use(resource: Json) -> bool:
    return resource.get("active") is not False and resource.get("status") != "inactive"


def _build_place(resource_type: str, resource: Json) -> Place:
    manager = resource.get("managingOrganization")
    organization = manager.get("reference") if isinstance(manager, dict) else None
    reference = f"{resource_type}/{resource['id']}"
    return Place(
        reference,
        str(resource.get("name") or reference),
        local_reference(organization, "Organization") or "",
    )
