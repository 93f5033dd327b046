"""Fetches the report's resources from a FHIR server by Bulk Data export."""

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
RESOURCE_TYPES = ("Patient", "Encounter", "Appointment", "Observation", "Provenance")


class ExportStoppedError(Exception):
    """The worker was asked to stop before the export was complete."""


def take_until_stopped(stop: threading.Event, values: Iterable[T]) -> Iterator[T]:
    """Yield the values; raises ExportStoppedError once the worker must stop."""
    for value in values:
        if stop.is_set():
            raise ExportStoppedError
        yield value


def build_request(group: str, since: date, codes: Iterable[str]) -> ExportRequest:
    """Return the request for what the report counts since that day.

    `group` is a `Group/id`, or "" for all patients. `codes` are Observation codes as
    `system|code`.
    """
    start = f"date=ge{since.isoformat()}"
    # Each code has a filter of its own, with its bar escaped. A server splits the list of filters
    # at commas, and would also split a list of codes.
    observations = (f"Observation?code={quote(code, safe='')}" for code in codes)
    return ExportRequest(
        RESOURCE_TYPES, group, (f"Encounter?{start}", f"Appointment?{start}", *observations)
    )


def fetch_export_files(
    client: FhirClient, request: ExportRequest, out: ExportFiles, stop: threading.Event
) -> None:
    """Start an export, await it, and write its files to `out`.

    Raises FhirError and ExportStoppedError.
    """

    def pause(duration: timedelta) -> None:
        if stop.wait(duration.total_seconds()):
            raise ExportStoppedError

    status_url = bulk.start_export(client, request)
    try:
        manifest = bulk.await_export(client, status_url, pause)
        for file in manifest.files:
            # Some servers export more types than the request names.
            if file.resource_type in request.resource_types:
                _fetch_file(client, file, out, pause, stop)
    finally:
        # The server would otherwise keep the exported answers until they expire.
        bulk.delete_export(client, status_url)
    if manifest.error_files:
        logger.warning("export-incomplete", extra={"count": manifest.error_files})


def _fetch_file(
    client: FhirClient, file: ExportFile, out: ExportFiles, pause: Pause, stop: threading.Event
) -> None:
    position = out.read_position(file.resource_type)
    for retries_left in reversed(range(MAX_FAILURES)):
        try:
            for line in take_until_stopped(stop, bulk.read_file_lines(client, file)):
                _write_line(line, file.resource_type, out)
        except TemporaryError as error:
            if not retries_left:
                raise
            # A file that broke off would count only some of its patients, and the next attempt
            # would count those twice. The file is therefore fetched again from its start.
            out.truncate_to(file.resource_type, position)
            pause(error.retry_after or DEFAULT_PAUSE)
        else:
            return


def _write_line(line: bytes, resource_type: str, out: ExportFiles) -> None:
    try:
        resource = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError:
        # One malformed line must not hide the others. The report counts and names it.
        out.write_broken_line(resource_type, line)
        return
    out.write_resource(resource)
