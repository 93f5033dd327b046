"""Real FHIR servers, started once a session; what the machine lacks skips with the way to get it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_client.client import Client
from intake.demo.launch import LaunchFault, medplum
from intake.demo.node import NoNode


def missing(words: str) -> None:
    """Skip with the reason, or fail where nothing may be skipped."""
    if os.environ.get("INTAKE_TESTS_SKIP_NOTHING"):
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of Medplum's router over memory."""
    kept = Path(os.environ.get("INTAKE_TESTS_CACHE", str(tmp_path_factory.mktemp("medplum"))))
    try:
        running = medplum(kept)
        url = running.__enter__()
    except (NoNode, LaunchFault) as fault:
        missing(str(fault))
    yield url
    running.__exit__(None, None, None)


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    """A client of the server."""
    with Client(server, timeout=10) as found:
        yield found
