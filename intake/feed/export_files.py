"""The private files of an export, with only those parts of a resource that the report needs."""

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

LOCK_FILE = "lock"
"""The name of two kinds of lock file.

The process that uses an export's folder holds the lock in it. The lock beside the folders guards
the moment in which a folder is created.
"""

_REFERENCE = re.compile(
    r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/.*)?", re.ASCII
)
_KEPT_KEYS = {
    resource_type: frozenset({"resourceType", "id", *shape})
    for resource_type, shape in SHAPES.items()
} | {"Patient": frozenset({"resourceType", "id", "identifier", *SHAPES["Patient"]})}
"""The keys that are written of each resource: never a name, an address or a birth date."""


def qualify_reference(reference: str, number: int) -> str:
    """Return the reference with its server's number in the id.

    The number keeps the `Patient/1` of two servers apart. A reference without an id, such as an
    identifier or a search, is returned unchanged.
    """
    match = _REFERENCE.fullmatch(reference)
    return reference if match is None else f"{match[1]}/{number}-{match[2]}"


class ExportFiles:
    """One server's export files, one per resource type.

    `number` keeps this server's resources apart from those of other servers.
    """

    def __init__(self, files: Mapping[str, BinaryIO], number: int) -> None:
        """Take the open files and the server's number."""
        self._files, self._number = files, number

    def write_resource(self, resource: Resource) -> None:
        """Write what the report needs of a resource.

        A resource of a type that the report does not count is left out.
        """
        resource_type = str(resource.get("resourceType"))
        if resource_type not in self._files:
            return
        kept = {
            key: self._qualify_references(value)
            for key, value in resource.items()
            if key in _KEPT_KEYS[resource_type]
        }
        qualified_id = f"{self._number}-{resource.get('id', '')}"
        line = msgspec.json.encode({**kept, "id": qualified_id})
        self._files[resource_type].write(line + b"\n")

    def write_broken_line(self, resource_type: str, line: bytes) -> None:
        """Write a malformed line unchanged, so that the report can name and count it."""
        self._files[resource_type].write(line + b"\n")

    def read_position(self, resource_type: str) -> int:
        """Return the length of the type's file so far."""
        return self._files[resource_type].tell()

    def truncate_to(self, resource_type: str, position: int) -> None:
        """Remove what was written to the type's file after that position."""
        self._files[resource_type].seek(position)
        self._files[resource_type].truncate()

    def _qualify_references(self, value: Any) -> Any:
        """Return a part of a resource with all its references qualified."""
        if isinstance(value, list):
            return [self._qualify_references(item) for item in value]
        if isinstance(value, dict):
            return {
                key: qualify_reference(item, self._number)
                if key == "reference" and isinstance(item, str)
                else self._qualify_references(item)
                for key, item in value.items()
            }
        return value


@contextmanager
def open_export_files(folder: Path, number: int) -> Iterator[ExportFiles]:
    """Yield the export files of the server with that number, open for writing."""
    with ExitStack() as stack:
        files = {
            resource_type: stack.enter_context(
                _create_private_file(folder / f"{resource_type}.{number}.ndjson")
            )
            for resource_type in RESOURCE_TYPES
        }
        yield ExportFiles(files, number)


def _create_private_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder that only this user can enter, and delete it with the block.

    If the process is killed in the block, `delete_abandoned_folders` deletes it.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        # Between its creation and its own lock, a new folder looks abandoned. The parent's lock
        # keeps other processes from deleting it in that moment.
        with _lock(parent / LOCK_FILE, os.O_CREAT):
            folder = tempfile.TemporaryDirectory(dir=parent)
            stack.enter_context(_lock(Path(folder.name, LOCK_FILE), os.O_CREAT))
        yield Path(stack.enter_context(folder))


def delete_abandoned_folders(parent: Path) -> None:
    """Delete the folders of killed processes.

    The system releases the locks of a process that ends, however it ends.
    """
    # Windows has no such locks. There the function could not tell which folders are in use.
    if not parent.is_dir() or os.name != "posix":
        return
    with _lock(parent / LOCK_FILE, os.O_CREAT):
        for folder in filter(Path.is_dir, parent.iterdir()):
            if not _is_in_use(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_in_use(folder: Path) -> bool:
    try:
        with _lock(folder / LOCK_FILE, wait=False):
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True


@contextmanager
def _lock(path: Path, open_flags: int = 0, *, wait: bool = True) -> Iterator[None]:
    """Hold the file locked against other threads and processes.

    Without `wait`, raises BlockingIOError if the file is locked already.
    """
    if os.name != "posix":
        yield
        return
    descriptor = os.open(path, os.O_WRONLY | open_flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
