"""Bulk Data Access 2.0, `$export`: a server puts all that is asked for into files, which are fetched once they are ready."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fhir_client.client import FhirClient
from fhir_client.errors import (
    AccessError,
    FhirError,
    GoneError,
    RefusedError,
    ServerError,
    TemporaryError,
)
from fhir_client.transport.responses import UNSUPPORTED_STATUSES, json_body, parse_retry_after

PREFER = {"Prefer": "respond-async, handling=lenient"}
"""Lenient, so that a filter which a server does not know is left out, and we leave out what it then sends too much."""
DEFAULT_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
"""How long is waited where the server does not say how long, and however long it says."""
TOO_MANY, RATE_LIMIT_PAUSE = 429, timedelta(minutes=1)
"""How a server says that it is looked at too often, and how long is waited where it does not say how long."""
MAX_FAILURES = 5
"""How often in a row it may answer nothing useful before the export is given up."""

Pause = Callable[[timedelta], None]
"""Waits so long; what it raises ends the export."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export: kinds of resources, of everybody or of a `Group/id`; `filters` are searches, each of one kind."""

    resource_types: tuple[str, ...]
    group: str = ""
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of an export: NDJSON of one kind of resource; `count` is how many, where the server says it."""

    resource_type: str
    url: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class ExportManifest:
    """The files of an export; `faults` counts the files that tell what the server could not export."""

    files: tuple[ExportFile, ...]
    error_files: int


def start_export(client: FhirClient, wanted: ExportRequest) -> str:
    """Ask for an export and return where the server tells how far it is; raises Refused where it exports nothing in bulk.

    What keeps us from the server altogether is raised as what it is.
    """
    parameters = {"_type": ",".join(wanted.resource_types)}
    if wanted.filters:
        parameters["_typeFilter"] = ",".join(wanted.filters)
    path = f"{wanted.group}/$export" if wanted.group else "$export"
    try:
        response = client.send_request("GET", path, parameters, PREFER)
    except (GoneError, RefusedError, ServerError) as error:
        if isinstance(error, AccessError) or (
            isinstance(error, ServerError) and error.status not in UNSUPPORTED_STATUSES
        ):
            raise
        raise _unable(error.status) from None
    where = response.headers.get("Content-Location")
    if response.status_code != 202 or not where:
        raise _unable(response.status_code)
    return where


def _unable(status: int | None) -> RefusedError:
    return RefusedError(
        "The server does not export in bulk; a paged search needs no export.", status
    )


def poll_export(client: FhirClient, where: str) -> ExportManifest | timedelta:
    """Return the files, or how long to wait before the next look."""
    try:
        response = client.follow_url("GET", where)
    except TemporaryError as error:
        if error.status != TOO_MANY:
            raise
        # It is well, and so is the export: it only wants to be looked at less often.
        return RATE_LIMIT_PAUSE if error.retry_after is None else error.retry_after
    if response.status_code == 202:
        asked = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        return DEFAULT_PAUSE if asked is None else asked
    held = json_body(response)
    if "output" not in held:
        raise TemporaryError(
            "The server's answer was cut off or tells of no export.", response.status_code
        )
    return ExportManifest(tuple(map(_file, held["output"])), len(held.get("error", [])))


def _file(output: dict[str, Any]) -> ExportFile:
    count = output.get("count")
    return ExportFile(
        str(output.get("type")), str(output.get("url")), count if isinstance(count, int) else None
    )


def await_export(client: FhirClient, where: str, pause: Pause) -> ExportManifest:
    """Wait until the export is ready and return its files; what fails for a moment is asked again."""
    failures = 0
    while True:
        try:
            found = poll_export(client, where)
        except TemporaryError as error:
            failures += 1
            if failures > MAX_FAILURES:
                raise
            found = error.retry_after or DEFAULT_PAUSE
        else:
            failures = 0
        if isinstance(found, ExportManifest):
            return found
        pause(min(found, LONGEST_PAUSE))


def read_file_lines(client: FhirClient, file: ExportFile) -> Iterator[bytes]:
    """Yield the lines of a file; raises Temporary, be it after some of them, where it is broken off."""
    count = 0
    for line in client.read_lines(file.url):
        count += 1
        yield line
    if file.count is not None and count < file.count:
        raise TemporaryError(
            f"The server said that a file has {file.count} lines, and sent {count}."
        )


def delete_export(client: FhirClient, where: str) -> None:
    """Tell the server that the files were fetched and can go; what it says to that changes nothing."""
    try:
        client.follow_url("DELETE", where)
    except FhirError:
        return
