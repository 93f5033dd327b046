"""Bulk Data Access 2.0 (`$export`): starts, polls and fetches an export."""

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
from fhir_client.transport.tolerant_json import list_objects

# Lenient, so that a server leaves out a filter that it does not know. The caller then drops the
# resources that the server sends too many.
PREFER = {"Prefer": "respond-async, handling=lenient"}
# The pause between two polls where the server names none, and the longest one we follow.
DEFAULT_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
# The status of a server that we poll too often, and the pause where it names none.
RATE_LIMITED_STATUS, RATE_LIMIT_PAUSE = 429, timedelta(minutes=1)
# The export ends after more failed polls in a row than this.
MAX_FAILURES = 5

Pause = Callable[[timedelta], None]
"""Waits for that long; an exception from it ends the export."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export: resource types, of all patients or of a `Group/id`.

    `filters` are searches, each of one resource type.
    """

    resource_types: tuple[str, ...]
    group: str = ""
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One NDJSON file with resources of one type.

    `count` is the number of its lines, where the server names it.
    """

    resource_type: str
    url: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class ExportManifest:
    """The files of an export.

    `error_files` counts the files about resources that could not be exported.
    """

    files: tuple[ExportFile, ...]
    error_files: int


def start_export(client: FhirClient, request: ExportRequest) -> str:
    """Start an export and return the URL of its status.

    Raises RefusedError where the server has no bulk export. An error that keeps us from the server
    altogether is raised as it is.
    """
    parameters = {"_type": ",".join(request.resource_types)}
    if request.filters:
        parameters["_typeFilter"] = ",".join(request.filters)
    path = f"{request.group}/$export" if request.group else "$export"
    try:
        response = client.send_request("GET", path, parameters, PREFER)
    except (GoneError, RefusedError, ServerError) as error:
        if isinstance(error, AccessError) or (
            isinstance(error, ServerError) and error.status not in UNSUPPORTED_STATUSES
        ):
            raise
        raise _no_bulk_export(error.status) from None
    # Only a 202 with an address is an accepted export; other servers answer with resources.
    status_url = response.headers.get("Content-Location")
    if response.status_code != 202 or not status_url:
        raise _no_bulk_export(response.status_code)
    return status_url


def _no_bulk_export(status: int | None) -> RefusedError:
    return RefusedError(
        "The server does not export in bulk; a paged search needs no export.", status
    )


def poll_export(client: FhirClient, status_url: str) -> ExportManifest | timedelta:
    """Return the files, or how long to wait before the next poll."""
    try:
        response = client.follow_url("GET", status_url)
    except TemporaryError as error:
        if error.status != RATE_LIMITED_STATUS:
            raise
        # The server and the export are well; the server only wants fewer polls.
        return RATE_LIMIT_PAUSE if error.retry_after is None else error.retry_after
    if response.status_code == 202:
        pause = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        return DEFAULT_PAUSE if pause is None else pause
    manifest = json_body(response)
    # A half-sent manifest is no JSON, so its body is empty here. One without files may leave out
    # the list, and still has its required transactionTime.
    if not manifest.keys() & {"output", "transactionTime"}:
        raise TemporaryError(
            "The server's answer was cut off or is no export manifest.", response.status_code
        )
    files = tuple(map(_parse_file, list_objects(manifest.get("output"))))
    return ExportManifest(files, len(list_objects(manifest.get("error"))))


def _parse_file(output: dict[str, Any]) -> ExportFile:
    count = output.get("count")
    return ExportFile(
        str(output.get("type")), str(output.get("url")), count if isinstance(count, int) else None
    )


def await_export(client: FhirClient, status_url: str, pause: Pause) -> ExportManifest:
    """Poll until the export is ready and return its files.

    A poll that fails briefly is repeated.
    """
    failures = 0
    while True:
        try:
            state = poll_export(client, status_url)
        except TemporaryError as error:
            failures += 1
            if failures > MAX_FAILURES:
                raise
            state = error.retry_after or DEFAULT_PAUSE
        else:
            failures = 0
        if isinstance(state, ExportManifest):
            return state
        pause(min(state, LONGEST_PAUSE))


def read_file_lines(client: FhirClient, file: ExportFile) -> Iterator[bytes]:
    """Yield the lines of a file.

    Raises TemporaryError, even after some lines, where the file breaks off.
    """
    count = 0
    for line in client.read_lines(file.url):
        count += 1
        yield line
    # A connection may end between two lines, and only the count shows that lines are missing.
    if file.count is not None and count < file.count:
        raise TemporaryError(
            f"The server said that a file has {file.count} lines, and sent {count}."
        )


def delete_export(client: FhirClient, status_url: str) -> None:
    """Tell the server that it can delete the files, and ignore its answer."""
    try:
        client.follow_url("DELETE", status_url)
    except FhirError:
        # The export is complete; an undeleted file is the server's to expire.
        return
