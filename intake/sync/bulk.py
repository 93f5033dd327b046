"""The export in bulk: each server is asked for files, waited for, and its files are fetched, again where one is broken off."""

import threading
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TypeVar
from urllib.parse import quote

import msgspec

from fhir_client import bulk
from fhir_client.bulk import FAILURES, NOT_YET, File, Pause, Wanted
from fhir_client.client import Client
from fhir_client.errors import Temporary
from intake.sync.log import logger
from intake.sync.sheets import Sheets

T = TypeVar("T")
KINDS = ("Patient", "Encounter", "Appointment", "Observation", "Provenance")


class Stopped(Exception):
    """The worker was told to stop before the export was whole."""


def until(stop: threading.Event, coming: Iterable[T]) -> Iterator[T]:
    """Yield what comes, one after the other; raises Stopped once we are told to stop."""
    for each in coming:
        if stop.is_set():
            raise Stopped
        yield each


def wanted(group: str, since: date, codes: Iterable[str]) -> Wanted:
    """Return what is asked for: what the report counts, of a `Group/id` or of everybody, since that day."""
    start = f"date=ge{since.isoformat()}"
    observed = (f"Observation?code={quote(code, safe='')}" for code in codes)
    return Wanted(KINDS, group, (f"Encounter?{start}", f"Appointment?{start}", *observed))


def fetch(client: Client, asked: Wanted, out: Sheets, stop: threading.Event) -> None:
    """Have the server export it, and write its files to `out`; raises FhirError and Stopped."""

    def pause(length: timedelta) -> None:
        if stop.wait(length.total_seconds()):
            raise Stopped

    where = bulk.start(client, asked)
    try:
        manifest = bulk.finished(client, where, pause)
        for file in manifest.files:
            if file.kind in asked.kinds:
                _fetch(client, file, out, pause, stop)
    finally:
        bulk.end(client, where)
    if manifest.faults:
        logger.warning("export-incomplete", extra={"count": manifest.faults})


def _fetch(client: Client, file: File, out: Sheets, pause: Pause, stop: threading.Event) -> None:
    place = out.place(file.kind)
    for left in reversed(range(FAILURES)):
        try:
            for line in until(stop, bulk.lines(client, file)):
                _take(line, file.kind, out)
        except Temporary as error:
            if not left:
                raise
            # Half a file counts half the people: it is fetched again from its beginning.
            out.back_to(file.kind, place)
            pause(error.retry_after or NOT_YET)
        else:
            return


def _take(line: bytes, kind: str, out: Sheets) -> None:
    try:
        resource = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError:
        out.take_broken(kind, line)
        return
    out.take(resource)
