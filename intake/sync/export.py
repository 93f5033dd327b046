"""Fetches what the report counts by paged search, as NDJSON for this user's eyes only, gone as soon as it was read."""

import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from fhir_client.client import Client, Resource
from fhir_client.uscore.observations import CODES
from fhir_client.uscore.parts import LOINC
from intake.report.clinics import clinic_scopes
from intake.report.files import TYPES
from intake.report.shapes import SHAPES
from intake.report.values import ClinicScope, Period
from intake.settings import Settings
from intake.sync.clients import client_for

PAGE = "200"
LEFT_BEHIND = timedelta(hours=6)
"""An export of that age belongs to a worker that was killed: it is deleted by the next one."""

_REFERENCE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/.*)?", re.ASCII)
_KEPT = {kind: frozenset({"resourceType", "id", *shape}) for kind, shape in SHAPES.items()} | {
    "Patient": frozenset({"resourceType", "id", "identifier", *SHAPES["Patient"]})
}
"""What is written of each resource: never a name, an address or a birth date."""


class Stopped(Exception):
    """The worker was told to stop before the export was whole."""


@contextmanager
def exported(settings: Settings, period: Period, now: float, stop: threading.Event) -> Iterator[Path]:
    """Yield a folder of NDJSON from every server; it is deleted with the block. Raises FhirError and Stopped.

    `now` is in seconds since 1970, as the file system counts.
    """
    with _private_folder(settings.data_dir / "exports", now) as folder:
        for number, server in enumerate(settings.servers.values()):
            with client_for(server) as client, _files(folder, number) as files:
                for resource in _everything(client, period):
                    if stop.is_set():
                        raise Stopped
                    _write(files, resource, number)
        yield folder


def exported_scopes(settings: Settings) -> tuple[ClinicScope, ...]:
    """Return the clinics as the exported files know them."""
    numbers = {server: number for number, server in enumerate(settings.servers)}
    return tuple(
        replace(
            scope,
            organization=tuple(marked(each, numbers[settings.clinics[scope.id].server]) for each in scope.organization),
            locations=tuple(marked(each, numbers[settings.clinics[scope.id].server]) for each in scope.locations),
        )
        for scope in clinic_scopes(settings)
    )


def marked(reference: str, number: int) -> str:
    """Return the reference with its server's number in the id, so that the `Patient/1` of two servers stay two people.

    What names no id, such as an identifier or a search, is returned as it is.
    """
    found = _REFERENCE.fullmatch(reference)
    return reference if found is None else f"{found[1]}/{number}-{found[2]}"


def _everything(client: Client, period: Period) -> Iterator[Resource]:
    for kind, parameters in _searches(period.first - timedelta(days=1)):
        yield from client.search(kind, {**parameters, "_count": PAGE})


def _searches(since: date) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the searches; Provenance comes with what it speaks of, which is how US Core has every server offer it."""
    start = {"date": f"ge{since.isoformat()}"}
    ours = {"code": ",".join(f"{LOINC}|{code.code}" for code in CODES.values())}
    provenance = {"_revinclude": "Provenance:target"}
    yield "Organization", {}
    yield "Location", {}
    yield "Patient", provenance
    yield "Encounter", start
    yield "Appointment", start
    yield "Observation", {**ours, **provenance}


def _write(files: Mapping[str, BinaryIO], resource: Resource, number: int) -> None:
    kind = str(resource.get("resourceType"))
    if kind not in files:
        return
    kept = {key: _own(value, number) for key, value in resource.items() if key in _KEPT[kind]}
    files[kind].write(msgspec.json.encode({**kept, "id": f"{number}-{resource.get('id', '')}"}) + b"\n")


def _own(value: Any, number: int) -> Any:
    """Return the part with every reference marked."""
    if isinstance(value, list):
        return [_own(each, number) for each in value]
    if isinstance(value, dict):
        return {
            key: marked(each, number) if key == "reference" and isinstance(each, str) else _own(each, number)
            for key, each in value.items()
        }
    return value


@contextmanager
def _files(folder: Path, number: int) -> Iterator[Mapping[str, BinaryIO]]:
    with ExitStack() as stack:
        yield {kind: stack.enter_context(_private_file(folder / f"{kind}.{number}.ndjson")) for kind in TYPES}


def _private_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextmanager
def _private_folder(parent: Path, now: float) -> Iterator[Path]:
    """Yield a folder that only this user can enter, after deleting what a killed worker may have left."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in parent.iterdir():
        if now - old.stat().st_mtime > LEFT_BEHIND.total_seconds():
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)
