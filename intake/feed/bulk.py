"""Bulk Data exports: start one, wait for it, and fetch its files, again if one breaks off."""

import threading
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TypeVar
from urllib.parse import quote

import msgspec

from fhir_client import bulk
from fhir_client.bulk import DEFAULT_PAUSE, MAX_FAILURES, ExportFile, ExportRequest, Pause
from fhir_client.client import FhirClient
from fhir_client.errors import TemporaryError
from intake.feed.export_files import ExportFiles
from intake.log import logger

T = TypeVar("T")
# The resource types that the report counts.
RESOURCE_TYPES = ("Patient", "Encounter", "Appointment", "Observation", "Provenance")


class ExportStoppedError(Exception):
    """The worker was told to stop before the export was complete."""


def take_until_stopped(stop: threading.Event, items: Iterable[T]) -> Iterator[T]:
    """Yield the items one by one; raises ExportStoppedError once `stop` is set."""
    for item in items:
        if stop.is_set():
            raise ExportStoppedError
        yield item


def build_request(group: str, since: date, codes: Iterable[str]) -> ExportRequest:
    """Return the request for everything that the report counts, since that day.

    `group` is a `Group/id`, or "" for all patients. `codes` are tokens of Observation.code.
    """
    start = f"date=ge{since.isoformat()}"
    observation_filters = (f"Observation?code={quote(code, safe='')}" for code in codes)
    filters = (f"Encounter?{start}", f"Appointment?{start}", *observation_filters)
    return ExportRequest(RESOURCE_TYPES, group, filters)


def fetch_export_files(
    client: FhirClient, request: ExportRequest, out: ExportFiles, stop: threading.Event
) -> None:
    """Let the server export, and write its files to `out`.

    Raises FhirError and ExportStoppedError.
    """

    def pause(length: timedelta) -> None:
        if stop.wait(length.total_seconds()):
            raise ExportStoppedError

    status_url = bulk.start_export(client, request)
    try:
        manifest = bulk.await_export(client, status_url, pause)
        for file in manifest.files:
            # Some servers ignore _type and export everything.
            if file.resource_type in request.resource_types:
                _fetch_file(client, file, out, pause, stop)
    finally:
        bulk.delete_export(client, status_url)
    if manifest.error_files:
        logger.warning("export-incomplete", extra={"count": manifest.error_files})


def _fetch_file(
    client: FhirClient, file: ExportFile, out: ExportFiles, pause: Pause, stop: threading.Event
) -> None:
    start = out.read_position(file.resource_type)
    for attempts_left in reversed(range(MAX_FAILURES)):
        try:
            for line in take_until_stopped(stop, bulk.read_file_lines(client, file)):
                _write_line(line, file.resource_type, out)
        except TemporaryError as error:
            if not attempts_left:
                raise
            # Half a file would count half the patients, so the next attempt begins anew.
            out.truncate_to(file.resource_type, start)
            pause(error.retry_after or DEFAULT_PAUSE)
        else:
            return


def _write_line(line: bytes, resource_type: str, out: ExportFiles) -> None:
    try:
        resource = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError:
        out.write_broken_line(resource_type, line)
        return
    out.write_resource(resource)
