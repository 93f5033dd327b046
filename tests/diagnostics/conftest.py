"""Scripted FHIR servers for the tests of the diagnostics."""

from collections.abc import Iterator

import pytest

from tests.support.scripted_server import ScriptedServer, run_scripted_server
from tests.support.server_checks import BATCH, NOTHING, capability_statement


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with run_scripted_server() as server:
        yield server


@pytest.fixture
def scripted_server(scripted: ScriptedServer) -> ScriptedServer:
    """A server without a fault."""
    scripted.answers |= {
        "GET metadata": (200, capability_statement()),
        "GET QuestionnaireResponse": (200, NOTHING),
        "GET Appointment": (200, NOTHING),
        "GET Organization": (200, {"resourceType": "Organization", "id": "1"}),
        "POST": (200, BATCH),
    }
    return scripted
