"""Fetches what the report counts, by paged search or in bulk, as NDJSON that is deleted as soon as it was read."""

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

PAGE = "200"
PLACES: Mapping[str, Mapping[str, str]] = {"Organization": {}, "Location": {}}
"""What belongs to no patient, so that not every export has it: always searched for, for it is little."""
OURS = tuple(f"{LOINC}|{code.code}" for code in OBSERVATION_CODES.values())


@contextmanager
def fetch_export(
    settings: Settings, period: Period, stop: threading.Event, in_bulk: str | None = None
) -> Iterator[Path]:
    """Yield a folder of NDJSON from every server; it is deleted with the block. Raises FhirError and Stopped.

    Where the process is killed in the block, `delete_left_behind` deletes it. With `in_bulk` the servers export it: of that
    `Group/id`, "" for everybody.
    """
    with private_folder(_place(settings)) as folder:
        for number, server in enumerate(settings.servers.values()):
            with build_client(server) as client, open_export_files(folder, number) as out:
                since = period.first - timedelta(days=1)
                searches = _searches(since)
                if in_bulk is not None:
                    bulk.fetch_export_files(
                        client, bulk.build_request(in_bulk, since, OURS), out, stop
                    )
                    searches = PLACES
                for resource in take_until_stopped(stop, _searched(client, searches)):
                    out.write_resource(resource)
        yield folder


def delete_abandoned_exports(settings: Settings) -> None:
    """Delete what is left of exports whose process was killed: it holds answers in the clear."""
    delete_abandoned_folders(_place(settings))


def _place(settings: Settings) -> Path:
    return settings.data_dir / "exports"


def qualified_clinic_scopes(settings: Settings) -> tuple[ClinicScope, ...]:
    """Return the clinics as the exported files know them."""
    numbers = {server: number for number, server in enumerate(settings.servers)}
    return tuple(
        replace(
            scope,
            organization=tuple(
                qualify_reference(each, numbers[settings.clinics[scope.id].server])
                for each in scope.organization
            ),
            locations=tuple(
                qualify_reference(each, numbers[settings.clinics[scope.id].server])
                for each in scope.locations
            ),
        )
        for scope in clinic_scopes(settings)
    )


def _searched(client: FhirClient, searches: Mapping[str, Mapping[str, str]]) -> Iterator[Resource]:
    for kind, parameters in searches.items():
        yield from client.search(kind, {**parameters, "_count": PAGE})


def _searches(since: date) -> Mapping[str, Mapping[str, str]]:
    """Return the searches; Provenance comes with what it speaks of, which is how US Core has every server offer it."""
    start = {"date": f"ge{since.isoformat()}"}
    provenance = {"_revinclude": "Provenance:target"}
    observed = {"code": ",".join(OURS), **provenance}
    return {
        **PLACES,
        "Patient": provenance,
        "Encounter": start,
        "Appointment": start,
        "Observation": observed,
    }
