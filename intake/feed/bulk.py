"""The export in bulk: each server is asked for files, waited for, and its files are fetched, again where one is broken off."""

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
KINDS = ("Patient", "Encounter", "Appointment", "Observation", "Provenance")


class ExportStoppedError(Exception):
    """The worker was told to stop before the export was whole."""


def take_until_stopped(stop: threading.Event, coming: Iterable[T]) -> Iterator[T]:
    """Yield what comes, one after the other; raises Stopped once we are told to stop."""
    for each in coming:
        if stop.is_set():
            raise ExportStoppedError
        yield each


def build_request(group: str, since: date, codes: Iterable[str]) -> ExportRequest:
    """Return what is asked for: what the report counts, of a `Group/id` or of everybody, since that day."""
    start = f"date=ge{since.isoformat()}"
    observed = (f"Observation?code={quote(code, safe='')}" for code in codes)
    return ExportRequest(KINDS, group, (f"Encounter?{start}", f"Appointment?{start}", *observed))


def fetch_export_files(
    client: FhirClient, asked: ExportRequest, out: ExportFiles, stop: threading.Event
) -> None:
    """Have the server export it, and write its files to `out`; raises FhirError and Stopped."""

    def pause(length: timedelta) -> None:
        if stop.wait(length.total_seconds()):
            raise ExportStoppedError

    where = bulk.start_export(client, asked)
    try:
        manifest = bulk.await_export(client, where, pause)
        for file in manifest.files:
            if file.resource_type in asked.resource_types:
                _fetch(client, file, out, pause, stop)
    finally:
        bulk.delete_export(client, where)
    if manifest.error_files:
        logger.warning("export-incomplete", extra={"count": manifest.error_files})


def _fetch(
    client: FhirClient, file: ExportFile, out: ExportFiles, pause: Pause, stop: threading.Event
) -> None:
    place = out.read_position(file.resource_type)
    for left in reversed(range(MAX_FAILURES)):
        try:
            for line in take_until_stopped(stop, bulk.read_file_lines(client, file)):
                _take(line, file.resource_type, out)
        except TemporaryError as error:
            if not left:
                raise
            # Half a file counts half the people: it is fetched again from its beginning.
            out.truncate_to(file.resource_type, place)
            pause(error.retry_after or DEFAULT_PAUSE)
        else:
            return


def _take(line: bytes, kind: str, out: ExportFiles) -> None:
    try:
        resource = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError:
        out.write_broken_line(kind, line)
        return
    out.write_resource(resource)
