"""Finds the NDJSON files of an export and sifts out lines that are no FHIR resources, naming each."""

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
    """What a file held: the copy of its sound lines where some were broken, else the file itself."""

    path: Path
    broken: tuple[BrokenLine, ...]
    more_broken: int


def find_files(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    """The folder's files by resource type: `Type.ndjson`, `Type.000.ndjson`, `Type-1.ndjson.gz` and the like."""
    found: dict[str, list[Path]] = {kind: [] for kind in RESOURCE_TYPES}
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match and match["type"] in found and path.is_file():
            found[match["type"]].append(path)
    return {kind: tuple(paths) for kind, paths in found.items()}


def snapshot_hash(files: Mapping[str, tuple[Path, ...]]) -> str:
    """SHA-256 over the files' names, types and bytes as they lie there, so that a number can be traced to its files."""
    digest = hashlib.sha256()
    for kind in sorted(files):
        for path in files[kind]:
            digest.update(f"{kind}/{path.name}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def sift_file(path: Path, kind: str, into: Path, keep: int = 1000) -> SiftedFile:
    """Read the file line by line, copy the sound lines, name the first `keep` broken ones; bounded memory."""
    broken: list[BrokenLine] = []
    more = 0
    copy = (
        into
        / f"{path.name.removesuffix('.gz')}.{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    )
    with copy.open("wb") as out:
        for number, line, fault in _judged(path, kind):
            if not fault:
                out.write(line.rstrip(b"\r\n") + b"\n")
            elif len(broken) < keep:
                broken.append(BrokenLine(path.name, number, fault))
            else:
                more += 1
    if broken:
        return SiftedFile(copy, tuple(broken), more)
    copy.unlink()
    return SiftedFile(path, (), 0)


def _judged(path: Path, kind: str) -> Iterator[tuple[int, bytes, str]]:
    number = 0
    try:
        with _opened(path) as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line, line_fault(line, kind)
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        yield number + 1, b"", f"the file cannot be read further: {type(error).__name__}"


def _opened(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def line_fault(line: bytes, kind: str) -> str:
    """Say what is wrong with the line, or nothing; never with a word of its content."""
    try:
        resource = json.loads(
            line.decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_constant=_refused,
            parse_float=_finite,
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


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _refused(constant: str) -> float:
    raise ValueError(constant)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("number out of range")
    return value
