"""Fetches the report's resources, by paged search or in bulk, into a folder of NDJSON."""

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
# These belong to no patient, so some exports lack them. They are few, so a search fetches them.
PLACES: Mapping[str, Mapping[str, str]] = {"Organization": {}, "Location": {}}
OWN_CODES = tuple(f"{LOINC}|{code.code}" for code in OBSERVATION_CODES.values())


@contextmanager
def fetch_export(
    settings: Settings, period: Period, stop: threading.Event, in_bulk: str | None = None
) -> Iterator[Path]:
    """Yield a folder of NDJSON from every server, and delete it after the block.

    With `in_bulk` the servers export: of that `Group/id`, or "" for all patients. Raises FhirError
    and ExportStoppedError. `delete_abandoned_exports` deletes the folder of a killed process.
    """
    with private_folder(_exports_folder(settings)) as folder:
        for number, server in enumerate(settings.servers.values()):
            with build_client(server) as client, open_export_files(folder, number) as out:
                # A day earlier, because the servers' days may begin in another time zone.
                since = period.first - timedelta(days=1)
                searches = _build_searches(since)
                if in_bulk is not None:
                    bulk.fetch_export_files(
                        client, bulk.build_request(in_bulk, since, OWN_CODES), out, stop
                    )
                    searches = PLACES
                for resource in take_until_stopped(stop, _search_all(client, searches)):
                    out.write_resource(resource)
        yield folder


def delete_abandoned_exports(settings: Settings) -> None:
    """Delete the exports of killed processes, because they hold unencrypted answers."""
    delete_abandoned_folders(_exports_folder(settings))


def _exports_folder(settings: Settings) -> Path:
    return settings.data_dir / "exports"


def qualified_clinic_scopes(settings: Settings) -> tuple[ClinicScope, ...]:
    """Return the clinics' scopes with the references of the exported files."""
    numbers = {server: number for number, server in enumerate(settings.servers)}
    return tuple(
        replace(
            scope,
            organization=tuple(
                qualify_reference(reference, numbers[settings.clinics[scope.id].server])
                for reference in scope.organization
            ),
            locations=tuple(
                qualify_reference(reference, numbers[settings.clinics[scope.id].server])
                for reference in scope.locations
            ),
        )
        for scope in clinic_scopes(settings)
    )


def _search_all(
    client: FhirClient, searches: Mapping[str, Mapping[str, str]]
) -> Iterator[Resource]:
    for resource_type, parameters in searches.items():
        yield from client.search(resource_type, {**parameters, "_count": PAGE_SIZE})


def _build_searches(since: date) -> Mapping[str, Mapping[str, str]]:
    """Return the parameters of each search.

    Each search includes the Provenance of its results: US Core demands this of every server
    (US Core, Basic Provenance).
    """
    start = {"date": f"ge{since.isoformat()}"}
    provenance = {"_revinclude": "Provenance:target"}
    observations = {"code": ",".join(OWN_CODES), **provenance}
    return {
        **PLACES,
        "Patient": provenance,
        "Encounter": start,
        "Appointment": start,
        "Observation": observations,
    }
