"""A create whose response has no resource is never a reason to create it again."""

from collections.abc import Iterator

import pytest

from fhir_client.client import FhirClient
from fhir_client.errors import FhirError, RefusedError, TemporaryError
from tests.support.stub_server import StubRequest, StubResponse, StubServer, run_stub_server

PATIENT = {"resourceType": "Patient"}
HELD = b'{"resourceType": "Patient", "id": "7"}'
DONE = (
    b'{"resourceType": "OperationOutcome",'
    b'"issue": [{"severity": "information", "code": "informational"}]}'
)


@pytest.fixture
def server() -> Iterator[StubServer]:
    with run_stub_server(lambda _: StubResponse(404)) as found:
        yield found


def created(server: StubServer, answer: StubResponse, held: StubResponse) -> dict[str, object]:
    def respond(heard: StubRequest) -> StubResponse:
        return answer if heard.method == "POST" else held

    server.respond = respond
    with FhirClient(f"{server.url}/fhir", timeout=5) as client:
        return client.create(PATIENT)


def asked(server: StubServer) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in server.requests]


def test_a_returned_resource_is_not_read_again(server: StubServer) -> None:
    assert created(server, StubResponse(201, HELD), StubResponse(500))["id"] == "7"
    assert asked(server) == [("POST", "/fhir/Patient")]


@pytest.mark.parametrize("body", [b"", DONE, b"<html>"])
@pytest.mark.parametrize("location", ["http://ehr.internal/fhir/Patient/7/_history/1", "Patient/7"])
def test_a_resource_that_is_only_named_is_read(
    server: StubServer, body: bytes, location: str
) -> None:
    assert (
        created(server, StubResponse(201, body, {"Location": location}), StubResponse(200, HELD))[
            "id"
        ]
        == "7"
    )
    assert asked(server) == [("POST", "/fhir/Patient"), ("GET", "/fhir/Patient/7")]


@pytest.mark.parametrize(
    "held", [StubResponse(503), StubResponse(404), StubResponse(403), StubResponse(200, b"")]
)
@pytest.mark.parametrize("location", ["Patient/7", "elsewhere", ""])
def test_a_created_but_hidden_resource_asks_for_no_retry(
    server: StubServer, location: str, held: StubResponse
) -> None:
    with pytest.raises(RefusedError, match="took the Patient") as caught:
        created(server, StubResponse(201, b"", {"Location": location}), held)
    assert "again" not in caught.value.message


@pytest.mark.parametrize(("status", "expected"), [(503, TemporaryError), (422, RefusedError)])
def test_a_failed_create_raises_the_usual_error(
    server: StubServer, status: int, expected: type[FhirError]
) -> None:
    with pytest.raises(expected, match=f"answered {status}"):
        created(server, StubResponse(status, b""), StubResponse(200, HELD))
