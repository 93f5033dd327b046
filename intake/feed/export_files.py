"""The private files of an export: of each resource, only what the report needs."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from fhir_client.client import Resource
from intake.report.files import RESOURCE_TYPES
from intake.report.shapes import SHAPES

if os.name == "posix":
    import fcntl

# A process locks this file in its export's folder. A second one, in the parent folder, guards the
# time between the creation of a folder and its lock.
LOCK_FILE = "lock"

_REFERENCE = re.compile(
    r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/.*)?", re.ASCII
)
# The files never hold a name, an address or a birth date.
_WRITTEN_ELEMENTS = {
    resource_type: frozenset({"resourceType", "id", *shape})
    for resource_type, shape in SHAPES.items()
} | {"Patient": frozenset({"resourceType", "id", "identifier", *SHAPES["Patient"]})}


def qualify_reference(reference: str, number: int) -> str:
    """Return the reference with its server's number in the id.

    So the `Patient/1` of two servers stay two patients. A reference without an id is unchanged.
    """
    match = _REFERENCE.fullmatch(reference)
    return reference if match is None else f"{match[1]}/{number}-{match[2]}"


class ExportFiles:
    """One server's files, one per resource type; `number` marks the server's resources."""

    def __init__(self, files: Mapping[str, BinaryIO], number: int) -> None:
        """Write to these files."""
        self._files, self._number = files, number

    def write_resource(self, resource: Resource) -> None:
        """Write the needed elements of a resource, if the report counts its type."""
        resource_type = str(resource.get("resourceType"))
        if resource_type not in self._files:
            return
        elements = {
            name: self._qualify_references(value)
            for name, value in resource.items()
            if name in _WRITTEN_ELEMENTS[resource_type]
        }
        elements["id"] = f"{self._number}-{resource.get('id', '')}"
        self._files[resource_type].write(msgspec.json.encode(elements) + b"\n")

    def write_broken_line(self, resource_type: str, line: bytes) -> None:
        """Write a line that is no resource as it is, so that the report names and counts it."""
        self._files[resource_type].write(line + b"\n")

    def read_position(self, resource_type: str) -> int:
        """Return the length of the type's file, in bytes."""
        return self._files[resource_type].tell()

    def truncate_to(self, resource_type: str, position: int) -> None:
        """Remove everything behind the position from the type's file."""
        self._files[resource_type].seek(position)
        self._files[resource_type].truncate()

    def _qualify_references(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._qualify_references(item) for item in value]
        if isinstance(value, dict):
            return {
                name: qualify_reference(member, self._number)
                if name == "reference" and isinstance(member, str)
                else self._qualify_references(member)
                for name, member in value.items()
            }
        return value


@contextmanager
def open_export_files(folder: Path, number: int) -> Iterator[ExportFiles]:
    """Yield new files in the folder for the server with that number."""
    with ExitStack() as stack:
        files = {
            resource_type: stack.enter_context(
                _open_private_file(folder / f"{resource_type}.{number}.ndjson")
            )
            for resource_type in RESOURCE_TYPES
        }
        yield ExportFiles(files, number)


def _open_private_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """Yield a folder for this user alone, and delete it after the block.

    `delete_abandoned_folders` deletes the folder of a killed process.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        # The parent's lock keeps other processes from deleting the folder before it has its own.
        with _hold_lock(parent / LOCK_FILE, os.O_CREAT):
            folder = tempfile.TemporaryDirectory(dir=parent)
            stack.enter_context(_hold_lock(Path(folder.name, LOCK_FILE), os.O_CREAT))
        yield Path(stack.enter_context(folder))


def delete_abandoned_folders(parent: Path) -> None:
    """Delete the folders of killed processes; the system releases a dead process's lock."""
    # Windows has no such locks, so a folder in use cannot be told from an abandoned one.
    if not parent.is_dir() or os.name != "posix":
        return
    with _hold_lock(parent / LOCK_FILE, os.O_CREAT):
        for folder in filter(Path.is_dir, parent.iterdir()):
            if not _is_in_use(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_in_use(folder: Path) -> bool:
    try:
        with _hold_lock(folder / LOCK_FILE, wait=False):
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True


@contextmanager
def _hold_lock(path: Path, flags: int = 0, *, wait: bool = True) -> Iterator[None]:
    """Lock the file against other threads and processes.

    Without `wait` raises BlockingIOError if the lock is taken.
    """
    if os.name != "posix":
        yield
        return
    descriptor = os.open(path, os.O_WRONLY | flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
