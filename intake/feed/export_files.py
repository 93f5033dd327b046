"""The files of an export, for this user's eyes only: of each resource what the report needs, and nothing else."""

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
"""The file in an export's folder that whoever uses it holds locked, and the one beside them that guards their beginning."""

_REFERENCE = re.compile(
    r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/.*)?", re.ASCII
)
_KEPT = {kind: frozenset({"resourceType", "id", *shape}) for kind, shape in SHAPES.items()} | {
    "Patient": frozenset({"resourceType", "id", "identifier", *SHAPES["Patient"]})
}
"""What is written of each resource: never a name, an address or a birth date."""


def qualify_reference(reference: str, number: int) -> str:
    """Return the reference with its server's number in the id, so that the `Patient/1` of two servers stay two people.

    What names no id, such as an identifier or a search, is returned as it is.
    """
    found = _REFERENCE.fullmatch(reference)
    return reference if found is None else f"{found[1]}/{number}-{found[2]}"


class ExportFiles:
    """One server's files, a file for each kind of resource; `number` tells its resources from those of other servers."""

    def __init__(self, files: Mapping[str, BinaryIO], number: int) -> None:
        """Write to these files."""
        self._files, self._number = files, number

    def write_resource(self, resource: Resource) -> None:
        """Write what the report needs of a resource; one of a kind that it does not count is left out."""
        kind = str(resource.get("resourceType"))
        if kind not in self._files:
            return
        kept = {key: self._own(value) for key, value in resource.items() if key in _KEPT[kind]}
        self._files[kind].write(
            msgspec.json.encode({**kept, "id": f"{self._number}-{resource.get('id', '')}"}) + b"\n"
        )

    def write_broken_line(self, kind: str, line: bytes) -> None:
        """Write a line that is no resource as it came, for the report to name and count."""
        self._files[kind].write(line + b"\n")

    def read_position(self, kind: str) -> int:
        """Return how far the file of the kind is written."""
        return self._files[kind].tell()

    def truncate_to(self, kind: str, place: int) -> None:
        """Take back what was written to the file of the kind since."""
        self._files[kind].seek(place)
        self._files[kind].truncate()

    def _own(self, value: Any) -> Any:
        """Return the part with every reference marked."""
        if isinstance(value, list):
            return [self._own(each) for each in value]
        if isinstance(value, dict):
            return {
                key: qualify_reference(each, self._number)
                if key == "reference" and isinstance(each, str)
                else self._own(each)
                for key, each in value.items()
            }
        return value


@contextmanager
def open_export_files(folder: Path, number: int) -> Iterator[ExportFiles]:
    """Yield the files of the server of that number in the folder."""
    with ExitStack() as stack:
        named = {kind: folder / f"{kind}.{number}.ndjson" for kind in RESOURCE_TYPES}
        yield ExportFiles(
            {kind: stack.enter_context(_private_file(path)) for kind, path in named.items()}, number
        )


def _private_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """Yield a folder that only this user can enter; it goes with the block, or with `delete_left` where we are killed."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        # Until its own lock is held, this one keeps others from taking it for one that was left behind.
        with _locked(parent / LOCK_FILE, os.O_CREAT):
            made = tempfile.TemporaryDirectory(dir=parent)
            stack.enter_context(_locked(Path(made.name, LOCK_FILE), os.O_CREAT))
        yield Path(stack.enter_context(made))


def delete_abandoned_folders(parent: Path) -> None:
    """Delete the folders of those who were killed: the system lets go of a lock with whoever held it."""
    # Windows has no such locks, so nobody could tell there which are in use.
    if not parent.is_dir() or os.name != "posix":
        return
    with _locked(parent / LOCK_FILE, os.O_CREAT):
        for folder in filter(Path.is_dir, parent.iterdir()):
            if not _is_in_use(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_in_use(folder: Path) -> bool:
    try:
        with _locked(folder / LOCK_FILE, wait=False):
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True


@contextmanager
def _locked(path: Path, opening: int = 0, *, wait: bool = True) -> Iterator[None]:
    """Hold the file locked, among threads and processes; without `wait` raises BlockingIOError where another one does."""
    if os.name != "posix":
        yield
        return
    held = os.open(path, os.O_WRONLY | opening, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)
