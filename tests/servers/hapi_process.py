"""Starts a HAPI FHIR JPA server on this machine, over H2 or PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import pytest

from intake.demo.processes import run_process, wait_for_ready
from tests.support.java import build_program, find_java
from tests.support.postgres import run_postgres_on_port

SOURCE = Path(__file__).parent / "hapi"
# For tests of a few seconds the first compiler alone is faster.
OPTIONS = (
    "-Xmx3g",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)


@contextmanager
def run_hapi(*database: str) -> Iterator[str]:
    """Run HAPI and yield its base URL.

    `database` is a JDBC URL, a user and a password; without it HAPI keeps its data in memory.
    """
    program = build_program("hapi", SOURCE)
    with TemporaryDirectory(prefix="intake-hapi-") as folder:
        command = (find_java(), *OPTIONS, "-cp", program, "Hapi", "0", *database)
        with run_process("HAPI", command, Path(folder) / "log") as server:
            url = wait_for_ready(server, Event())
            if url is None:
                pytest.fail(f"HAPI did not start; its last words: {server.read_last_line()}")
            yield url


@contextmanager
def run_hapi_on_postgres() -> Iterator[str]:
    """Run HAPI over a PostgreSQL of its own and yield its base URL."""
    with (
        run_postgres_on_port() as address,
        run_hapi(f"jdbc:postgresql://{address}", "postgres", "") as url,
    ):
        yield url
