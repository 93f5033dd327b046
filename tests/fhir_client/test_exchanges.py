"""The client tells an observer of each request, without ids, values or diagnostics."""

import json
from collections.abc import Iterator

import pytest

from fhir_client.client import FhirClient
from fhir_client.errors import FhirError
from fhir_client.model import Exchange
from tests.support.stub_server import StubResponse, StubServer, run_stub_server

SECRET = "Zora Quist"
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [
        {"severity": "error", "code": "invariant", "diagnostics": SECRET},
        {"severity": "error", "code": SECRET},
    ],
}


@pytest.fixture
def server() -> Iterator[StubServer]:
    with run_stub_server(lambda _: StubResponse()) as stub:
        yield stub


def observe(server: StubServer, response: StubResponse, *acts: str) -> list[Exchange]:
    """Return what an observer hears of requests that all get one response."""
    server.respond = lambda _: response
    heard: list[Exchange] = []
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": []}
    with FhirClient(f"{server.url}/fhir", timeout=5, observe=heard.append) as client:
        calls = {
            "read": lambda: client.read("Patient/4711"),
            "search": lambda: list(client.search("Observation", {"patient": "4711"})),
            "unlogged": lambda: list(client.search("Patient", {"name": SECRET}, unlogged=True)),
            "bundle": lambda: client.send_bundle(bundle),
            "capabilities": client.read_capabilities,
        }
        for act in acts:
            try:
                calls[act]()
            except FhirError:
                continue
    return heard


def test_each_request_has_its_kind_and_status_and_no_id(server: StubServer) -> None:
    heard = observe(
        server, StubResponse(503), "read", "search", "unlogged", "bundle", "capabilities"
    )
    assert [(exchange.kind, exchange.status) for exchange in heard] == [
        ("read Patient", 503),
        ("search Observation", 503),
        ("search Patient", 503),
        ("transaction", 503),
        ("capabilities", 503),
    ]
    assert "4711" not in str(heard)
    assert all(exchange.milliseconds >= 0 for exchange in heard)


def test_only_codes_of_fhir_are_kept_of_an_outcome(server: StubServer) -> None:
    body = json.dumps(OUTCOME).encode()
    [exchange] = observe(server, StubResponse(422, body), "bundle")
    assert exchange.codes == ("invariant",)
    assert SECRET not in str(exchange)


def test_a_request_without_an_answer_is_told_too() -> None:
    heard: list[Exchange] = []
    unused_url = "http://127.0.0.1:9/fhir"
    with (
        FhirClient(unused_url, timeout=1, observe=heard.append) as client,
        pytest.raises(FhirError),
    ):
        client.read("Patient/1")
    assert [(exchange.kind, exchange.status) for exchange in heard] == [("read Patient", None)]
