"""Starts HAPI FHIR's JPA server, a real one of another make, on this machine alone, over either of its databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import pytest

from intake.demo.processes import ready_line, running
from tests.java import built, java
from tests.postgres import postgres_at_a_port

SOURCE = Path(__file__).parent / "hapi"
# A client of a few seconds' tests is served sooner by the first compiler alone.
OPTIONS = (
    "-Xmx3g",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)


@contextmanager
def hapi(*database: str) -> Iterator[str]:
    """Run HAPI and yield its base URL; `database` is a JDBC URL, a user and a password, none: in memory."""
    program = built("hapi", SOURCE)
    with TemporaryDirectory(prefix="intake-hapi-") as folder:
        command = (java(), *OPTIONS, "-cp", program, "Hapi", "0", *database)
        with running("HAPI", command, Path(folder) / "log") as server:
            url = ready_line(server, Event())
            if url is None:
                pytest.fail(f"HAPI did not start; its last words: {server.last_words()}")
            yield url


@contextmanager
def hapi_on_postgres() -> Iterator[str]:
    """Run HAPI over a PostgreSQL of its own and yield its base URL."""
    with (
        postgres_at_a_port() as address,
        hapi(f"jdbc:postgresql://{address}", "postgres", "") as url,
    ):
        yield url
