"""An odd part of a server's answer costs that part alone."""

import json

import pytest

from fhir_client.client import FhirClient
from fhir_client.errors import RefusedError, TemporaryError
from tests.support.stub_server import StubResponse, run_stub_server

GOOD = {"search": None, "resource": {"resourceType": "Patient", "id": "1", "birthDate": None}}
ODD_ENTRIES = [None, 5, "x", {"resource": None}, {"resource": 5}, {"search": {"mode": "outcome"}}]


def test_reads_a_page_of_results_in_which_single_entries_are_odd() -> None:
    links = [None, 5, {"relation": 5}]
    page = {"resourceType": "Bundle", "link": links, "entry": [*ODD_ENTRIES, GOOD]}
    body = json.dumps(page).encode()
    with (
        run_stub_server(lambda _: StubResponse(body=body)) as server,
        FhirClient(server.url) as client,
    ):
        assert list(client.search("Patient", {})) == [{"resourceType": "Patient", "id": "1"}]


@pytest.mark.parametrize("odd", [5, "x", {"a": 1}, [[5]], [{"code": {}, "severity": "error"}]])
def test_reads_a_page_or_outcome_of_another_shape(odd: object) -> None:
    bundle = json.dumps({"resourceType": "Bundle", "entry": odd, "link": odd}).encode()
    outcome = json.dumps({"resourceType": "OperationOutcome", "issue": odd}).encode()
    with (
        run_stub_server(lambda _: StubResponse(body=bundle)) as server,
        FhirClient(server.url) as client,
    ):
        assert list(client.search("Patient", {})) == []
        server.respond = lambda _: StubResponse(400, outcome)
        with pytest.raises(RefusedError):
            client.read("Patient/1")


def test_a_body_of_200000_nested_brackets_is_no_fhir() -> None:
    body = b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with (
        run_stub_server(lambda _: StubResponse(body=body)) as server,
        FhirClient(server.url) as client,
        pytest.raises(TemporaryError, match="no FHIR"),
    ):
        client.read("Patient/1")
