"""Runs the demo's FHIR server for tests and benchmarks, with its log in a temporary folder."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intake.demo.medplum import launch_server


@contextmanager
def run_medplum(cache: Path, port: int = 0) -> Iterator[str]:
    """Run the FHIR server and yield its base URL."""
    with (
        tempfile.TemporaryDirectory(prefix="intake-fhir-") as folder,
        launch_server(cache, Path(folder) / "log", port) as server,
    ):
        yield server.url
