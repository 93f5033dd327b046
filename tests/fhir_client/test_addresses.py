"""The URLs that servers name, with the bases and gateways of real ones."""

import json

import pytest

from fhir_client.client import FhirClient
from fhir_client.errors import RefusedError, ServerError
from fhir_client.transport import addresses
from tests.support.stub_server import StubRequest, StubResponse, run_stub_server

R4 = "https://ehr.example/api/FHIR/R4"
GATEWAY = "https://gw.example/ehr/fhir"


@pytest.mark.parametrize(
    ("base", "named", "asked"),
    [
        (R4, f"{R4}/Patient?page=2", f"{R4}/Patient?page=2"),
        (
            R4,
            "https://ehr.example/api/FHIR/BulkRequest/1",
            "https://ehr.example/api/FHIR/BulkRequest/1",
        ),
        (
            R4,
            "https://EHR.example:443/data/a%2Fb.ndjson?x=1#y",
            "https://ehr.example/data/a%2Fb.ndjson?x=1",
        ),
        (R4, "https://else@ehr.example/data/1", "https://ehr.example/data/1"),
        ("http://h/fhir", "http://h/fhirfiles/1", "http://h/fhirfiles/1"),
        ("https://h/eyJ9/fhir", "https://h/fhir/bulkstatus/1", "https://h/fhir/bulkstatus/1"),
        (GATEWAY, "http://internal:8080/ehr/fhir/jobs/7", f"{GATEWAY}/jobs/7"),
        (GATEWAY, "http://internal/fhir?_getpages=x", f"{GATEWAY}?_getpages=x"),
        (GATEWAY, "http://internal/fhir/Patient?page=2", f"{GATEWAY}/Patient?page=2"),
        (GATEWAY, "http://internal/fhirfiles/1", f"{GATEWAY}/fhirfiles/1"),
        (GATEWAY, "http://internal/Patient?page=2", f"{GATEWAY}/Patient?page=2"),
        (
            "https://gw.example",
            "http://internal/Patient?page=2",
            "https://gw.example/Patient?page=2",
        ),
        ("https://h/fhir", "http://h/fhir/Patient?page=2", "https://h/fhir/Patient?page=2"),
        (
            "https://h:8443/fhir",
            "https://h/fhir/Patient?page=2",
            "https://h:8443/fhir/Patient?page=2",
        ),
        (GATEWAY, "/ehr/files/1", "https://gw.example/ehr/files/1"),
        (GATEWAY, "jobs/7", f"{GATEWAY}/jobs/7"),
        (GATEWAY, "?_getpages=x", f"{GATEWAY}/?_getpages=x"),
    ],
)
def test_a_named_url_is_rewritten_to_our_origin(base: str, named: str, asked: str) -> None:
    assert addresses.url_at_server(base, named) == asked
    assert addresses.is_at_server(base, asked)


@pytest.mark.parametrize(
    ("base", "named", "asked"),
    [
        (R4, "https://ehr.example/data/42/a.ndjson", "https://ehr.example/data/42/a.ndjson"),
        (GATEWAY, "http://internal/fhir/files/1", f"{GATEWAY}/files/1"),
        (
            GATEWAY,
            "https://bucket.example/export/1?signature=x",
            "https://bucket.example/export/1?signature=x",
        ),
        (
            "https://h/fhir",
            "https://bucket.example/fhirfiles/1",
            "https://bucket.example/fhirfiles/1",
        ),
        ("https://h", "https://bucket.example/1", "https://bucket.example/1"),
        (GATEWAY, "files/1", f"{GATEWAY}/files/1"),
    ],
)
def test_a_file_may_be_at_another_host(base: str, named: str, asked: str) -> None:
    assert addresses.file_url(base, named) == asked


@pytest.mark.parametrize(
    ("location", "leads"),
    [
        ("https://bucket.example/fhir/1?signature=x", "https://bucket.example/fhir/1?signature=x"),
        ("/store/1", "https://h/store/1"),
        ("2", "https://h/fhir/files/2"),
    ],
)
def test_a_redirect_keeps_the_host_that_it_names(location: str, leads: str) -> None:
    assert addresses.redirect_url("https://h/fhir", "https://h/fhir/files/1", location) == leads


def test_an_ambiguous_url_stays_at_our_own_host() -> None:
    odd = "https://evil.example\\@h/x"
    for found in (
        addresses.url_at_server("https://h", odd),
        addresses.redirect_url("https://h", "https://h/1", odd),
    ):
        assert found == "https://h/x"


@pytest.mark.parametrize(
    "named", ["https://h:port/1", "https://[h/1", "urn:uuid:1", "file:///etc/passwd"]
)
def test_an_unusable_url_is_the_servers_fault(named: str) -> None:
    for find in (addresses.url_at_server, addresses.file_url):
        with pytest.raises(ServerError, match="cannot be requested"):
            find(GATEWAY, named)


def page(following: str) -> StubResponse:
    link = [{"relation": "next", "url": following}] if following else []
    entry = [{"resource": {"resourceType": "Patient"}}]
    return StubResponse(
        body=json.dumps(
            {"resourceType": "Bundle", "type": "searchset", "entry": entry, "link": link}
        ).encode()
    )


@pytest.mark.parametrize(
    "following", ["http://internal:8080/fhir?_getpages=x", "{}/pages?_getpages=x", "?_getpages=x"]
)
def test_search_follows_all_pages_behind_a_gateway(following: str) -> None:
    with (
        run_stub_server(lambda _: StubResponse(404)) as server,
        FhirClient(f"{server.url}/ehr/fhir", timeout=5) as client,
    ):
        first, named = page(following.format(server.url)), page("")
        server.respond = lambda heard: first if heard.path == "/ehr/fhir/Patient" else named
        assert len(list(client.search("Patient", {}))) == 2


def test_search_ends_where_pages_lead_back_by_another_host() -> None:
    names = ["http://one/fhir?_getpages=x", "http://other/fhir?_getpages=x"]

    def answer(_: StubRequest) -> StubResponse:
        names.append(names.pop(0))
        return page(names[0])

    with (
        run_stub_server(answer) as server,
        FhirClient(f"{server.url}/ehr/fhir", timeout=5) as client,
    ):
        with pytest.raises(RefusedError, match="lead back"):
            list(client.search("Patient", {}))
        assert len(server.requests) == 2
