"""A scripted FHIR server for each test of the diagnostics."""

from collections.abc import Iterator

import pytest

from tests.support.scripted_server import ScriptedServer, run_scripted_server


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with run_scripted_server() as server:
        yield server
