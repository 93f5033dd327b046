"""Finds the project's files for the tests of its structure."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("intake", "fhir_client", "tests")
NOT_OURS = {"__pycache__", "node_modules"}


def project_files(*endings: str) -> Iterator[Path]:
    """Yield the project's own files with one of the endings."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in endings and not NOT_OURS & set(path.parts):
                yield path
