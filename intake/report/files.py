"""Finds the NDJSON files of an export, and sifts out broken lines."""

import gzip
import hashlib
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from intake.report.values import BrokenLine, MissingPart

RESOURCE_TYPES = (
    "Patient",
    "Encounter",
    "Observation",
    "Provenance",
    "Organization",
    "Location",
    "Appointment",
)
_ENDING = re.compile(r".*\.(?:ndjson|jsonl)(?:\.gz)?", re.ASCII)
_SURROGATE = re.compile(rb"\\u[dD][89abAB]|\\u[dD][c-fC-F]")
NOT_JSON = "is not JSON"
_GZIP_START = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

FileStamp = tuple[str, int, int]
"""A file's path, size and time of change."""


@dataclass(frozen=True, slots=True)
class SiftedFile:
    """A file's readable lines: a copy without broken lines, or the file itself."""

    path: Path
    broken: tuple[BrokenLine, ...]
    more_broken: int
    missing: MissingPart | None


def find_files(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    """Return the files of the folder, and of its folders named by a type, by resource type.

    Names are as the usual bulk clients write them: `Patient.ndjson`, `1.Patient.ndjson`,
    `Patient.000.ndjson.gz`, `Patient-1.ndjson`, `Patient/part-0.ndjson`.
    """
    files: dict[str, list[Path]] = {kind: [] for kind in RESOURCE_TYPES}
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name in files:
            files[path.name] += sorted(filter(_is_export_file, path.iterdir()))
        elif _is_export_file(path) and (kind := _type_in_name(path.name)):
            files[kind].append(path)
    return {kind: tuple(paths) for kind, paths in files.items()}


def _is_export_file(path: Path) -> bool:
    return (
        not path.name.startswith((".", "_"))
        and _ENDING.fullmatch(path.name) is not None
        and path.is_file()
    )


def _type_in_name(name: str) -> str | None:
    """Return the only resource type among the words of a file's name, None if there is none."""
    words = {word for word in re.split(r"[^A-Za-z]+", name) if word in RESOURCE_TYPES}
    return words.pop() if len(words) == 1 else None


def stamp_files(files: Mapping[str, tuple[Path, ...]]) -> frozenset[FileStamp]:
    """Return a stamp of each file, to find out whether one changed while it was read."""
    paths = [path for kind_paths in files.values() for path in kind_paths]
    return frozenset(_stamp_file(path) for path in paths)


def _stamp_file(path: Path) -> FileStamp:
    try:
        status = path.stat()
    except OSError:
        return str(path), -1, 0
    return str(path), status.st_size, status.st_mtime_ns


class _LineSifter:
    """Reads one file line by line, and remembers what it could not read."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind
        self.missing: MissingPart | None = None
        # The file itself will do only if no line needs a change.
        self.needs_copy = False

    def check_lines(self) -> Iterator[tuple[int, bytes, str]]:
        """Yield each line with its number and its fault, "" for none."""
        number, line, fault = 0, b"\n", ""
        try:
            with _open_lines(self.path) as (stream, is_packed):
                self.needs_copy = is_packed != (self.path.suffix == ".gz")
                for number, read_line in enumerate(stream, start=1):
                    line, fault = self._without_mark(read_line), ""
                    if line.strip():
                        fault = line_fault(line, self.kind)
                        yield number, line, fault
        except (EOFError, zlib.error, OSError) as error:
            # A cut-off archive: the lines before the cut are whole, and count.
            self._note_cut(number, type(error).__name__)
        else:
            # A file that ends within a line was cut off: nothing says how many lines followed.
            if fault == NOT_JSON and not line.endswith(b"\n"):
                self._note_cut(number - 1, "it ends within a line")

    def _without_mark(self, line: bytes) -> bytes:
        if not line.startswith(_BYTE_ORDER_MARK):
            return line
        self.needs_copy = True
        return line.removeprefix(_BYTE_ORDER_MARK)

    def _note_cut(self, lines: int, cause: str) -> None:
        self.needs_copy = True
        self.missing = MissingPart(self.kind, self.path.name, lines, cause)


def sift_file(path: Path, kind: str, into: Path, keep: int = 1000) -> SiftedFile:
    """Copy the sound lines into a new file and name the first `keep` broken ones.

    The file is read line by line, so that memory stays bounded.
    """
    broken: list[BrokenLine] = []
    more_broken = 0
    # Exports may hold files of one name in several folders: the hash of the path keeps them apart.
    copy = (
        into
        / f"{path.name.removesuffix('.gz')}.{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    )
    sifter = _LineSifter(path, kind)
    with copy.open("wb") as out:
        for number, line, fault in sifter.check_lines():
            if not fault:
                out.write(line.rstrip(b"\r\n") + b"\n")
            elif len(broken) < keep:
                broken.append(BrokenLine(path.name, number, fault))
            else:
                more_broken += 1
    if broken or sifter.needs_copy:
        return SiftedFile(copy, tuple(broken), more_broken, sifter.missing)
    copy.unlink()
    return SiftedFile(path, (), 0, None)


@contextmanager
def _open_lines(path: Path) -> Iterator[tuple[BinaryIO, bool]]:
    """Open a file for reading; the flag says whether it is packed.

    The content decides, because some clients name packed files `.ndjson`.
    """
    with path.open("rb") as plain:
        is_packed = plain.read(len(_GZIP_START)) == _GZIP_START
        plain.seek(0)
        if is_packed:
            with gzip.open(plain, "rb") as unpacked:
                yield cast("BinaryIO", unpacked), True
        elif path.suffix == ".gz" and not path.stat().st_size:
            raise EOFError
        else:
            yield plain, False


def line_fault(line: bytes, kind: str) -> str:
    """Return what is wrong with the line, "" for nothing, without any of its content."""
    try:
        resource = json.loads(
            line.decode("utf-8-sig"),
            object_pairs_hook=_refuse_repeated_keys,
            # Python reads NaN and Infinity, which JSON does not have.
            parse_constant=_refuse_constant,
            parse_float=_parse_finite,
        )
    except UnicodeDecodeError:
        return "is not UTF-8"
    except (ValueError, RecursionError):
        return NOT_JSON
    # Python keeps half of a surrogate pair, which is no character; DuckDB refuses the file.
    if _SURROGATE.search(line) and not _is_text(resource):
        return "has half of a surrogate pair"
    if not isinstance(resource, dict):
        return "is not an object"
    if resource.get("resourceType") != kind:
        return f"is not of type {kind}"
    return "" if isinstance(resource.get("id"), str) and resource["id"] else "has no id"


def _is_text(resource: object) -> bool:
    try:
        json.dumps(resource, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _refuse_repeated_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    # Python would keep the last of two equal keys and DuckDB another: neither can be trusted.
    if len(fields) != len(pairs):
        raise ValueError("a key occurs twice")
    return fields


def _refuse_constant(constant: str) -> float:
    raise ValueError(constant)


def _parse_finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("number out of range")
    return value
