"""Fetches what the report counts as NDJSON, by paged search or Bulk Data export."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from fhir_client.client import FhirClient, Resource
from fhir_client.uscore.datatypes import LOINC
from fhir_client.uscore.elements import OBSERVATION_CODES
from intake.ehr.clients import build_client
from intake.feed import bulk
from intake.feed.bulk import take_until_stopped
from intake.feed.export_files import (
    delete_abandoned_folders,
    open_export_files,
    private_folder,
    qualify_reference,
)
from intake.report.clinics import clinic_scopes
from intake.report.values import ClinicScope, Period
from intake.settings import Settings

PAGE_SIZE = "200"
# A year of a large site has many pages, but a server that always names a next one must end.
MAX_PAGES = 100_000
# Organizations and Locations belong to no patient, so not every export has them. They are few, so
# both ways of fetching search for them.
PLACE_SEARCHES: Mapping[str, Mapping[str, str]] = {"Organization": {}, "Location": {}}
ANSWER_CODES = tuple(f"{LOINC}|{code.code}" for code in OBSERVATION_CODES.values())
"""The codes of our own Observations, as `system|code`."""


@contextmanager
def fetch_export(
    settings: Settings, period: Period, stop: threading.Event, in_bulk: str | None = None
) -> Iterator[Path]:
    """Yield a folder of NDJSON files from every server, deleted with the block.

    With `in_bulk` the servers export this `Group/id`, or all patients for "". Without it, the
    worker searches page by page. Raises FhirError and ExportStoppedError.

    If the process is killed in the block, `delete_abandoned_exports` deletes the folder.
    """
    with private_folder(_exports_folder(settings)) as folder:
        for number, server in enumerate(settings.servers.values()):
            with build_client(server) as client, open_export_files(folder, number) as out:
                # Servers compare dates in their own time zone. One more day misses no visit.
                since = period.first - timedelta(days=1)
                searches = _build_searches(since)
                if in_bulk is not None:
                    request = bulk.build_request(in_bulk, since, ANSWER_CODES)
                    bulk.fetch_export_files(client, request, out, stop)
                    searches = PLACE_SEARCHES
                for resource in take_until_stopped(stop, _search_all(client, searches)):
                    out.write_resource(resource)
        yield folder


def delete_abandoned_exports(settings: Settings) -> None:
    """Delete the exports of killed processes, which hold answers unencrypted."""
    delete_abandoned_folders(_exports_folder(settings))


def _exports_folder(settings: Settings) -> Path:
    return settings.data_dir / "exports"


def qualified_clinic_scopes(settings: Settings) -> tuple[ClinicScope, ...]:
    """Return the clinics with their references as the exported files have them."""
    numbers = {server_id: number for number, server_id in enumerate(settings.servers)}
    return tuple(
        _qualify_scope(scope, numbers[settings.clinics[scope.id].server])
        for scope in clinic_scopes(settings)
    )


def _qualify_scope(scope: ClinicScope, number: int) -> ClinicScope:
    return replace(
        scope,
        organization=tuple(
            qualify_reference(reference, number) for reference in scope.organization
        ),
        locations=tuple(qualify_reference(reference, number) for reference in scope.locations),
    )


def _search_all(
    client: FhirClient, searches: Mapping[str, Mapping[str, str]]
) -> Iterator[Resource]:
    for resource_type, parameters in searches.items():
        every = {**parameters, "_count": PAGE_SIZE}
        yield from client.search(resource_type, every, max_pages=MAX_PAGES)


def _build_searches(since: date) -> Mapping[str, Mapping[str, str]]:
    """Return the search parameters by resource type."""
    start = {"date": f"ge{since.isoformat()}"}
    # US Core obliges servers to return Provenance along with its target, but not to search it
    # alone.
    provenance = {"_revinclude": "Provenance:target"}
    return {
        **PLACE_SEARCHES,
        "Patient": provenance,
        "Encounter": start,
        "Appointment": start,
        "Observation": {"code": ",".join(ANSWER_CODES), **provenance},
    }
