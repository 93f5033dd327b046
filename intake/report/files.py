"""Finds the NDJSON files of an export, and sifts out broken lines."""

import gzip
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from intake.report.values import BrokenLine

RESOURCE_TYPES = (
    "Patient",
    "Encounter",
    "Observation",
    "Provenance",
    "Organization",
    "Location",
    "Appointment",
)
_NAME = re.compile(r"(?P<type>[A-Z][A-Za-z]+)(?:[._-][\w.-]*)?\.ndjson(?:\.gz)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SiftedFile:
    """A file's readable lines: a copy without broken lines, or the file itself."""

    path: Path
    broken: tuple[BrokenLine, ...]
    more_broken: int


def find_files(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    """Return the folder's files by resource type.

    Their names are like `Type.ndjson`, `Type.000.ndjson` or `Type-1.ndjson.gz`.
    """
    files: dict[str, list[Path]] = {kind: [] for kind in RESOURCE_TYPES}
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match and match["type"] in files and path.is_file():
            files[match["type"]].append(path)
    return {kind: tuple(paths) for kind, paths in files.items()}


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
    with copy.open("wb") as out:
        for number, line, fault in _check_lines(path, kind):
            if not fault:
                out.write(line.rstrip(b"\r\n") + b"\n")
            elif len(broken) < keep:
                broken.append(BrokenLine(path.name, number, fault))
            else:
                more_broken += 1
    if broken:
        return SiftedFile(copy, tuple(broken), more_broken)
    copy.unlink()
    return SiftedFile(path, (), 0)


def _check_lines(path: Path, kind: str) -> Iterator[tuple[int, bytes, str]]:
    number = 0
    try:
        with _open_lines(path) as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line, line_fault(line, kind)
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        # A cut-off archive: the lines before the cut are whole, and count.
        yield number + 1, b"", f"the file cannot be read further: {type(error).__name__}"


def _open_lines(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


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
        return "is not JSON"
    if not isinstance(resource, dict):
        return "is not an object"
    if resource.get("resourceType") != kind:
        return f"is not of type {kind}"
    return "" if isinstance(resource.get("id"), str) and resource["id"] else "has no id"


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
