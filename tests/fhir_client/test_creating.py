"""What a create returns where the server's answer has no resource in it: never a reason to create it again."""

from collections.abc import Iterator

import pytest

from fhir_client.client import Client
from fhir_client.errors import FhirError, Refused, Temporary
from tests.listening import Heard, Listening, Said, listening

PATIENT = {"resourceType": "Patient"}
HELD = b'{"resourceType": "Patient", "id": "7"}'
DONE = b'{"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}'


@pytest.fixture
def server() -> Iterator[Listening]:
    with listening(lambda _: Said(404)) as found:
        yield found


def created(server: Listening, answer: Said, held: Said) -> dict[str, object]:
    def respond(heard: Heard) -> Said:
        return answer if heard.method == "POST" else held

    server.answer = respond
    with Client(f"{server.url}/fhir", timeout=5) as client:
        return client.create(PATIENT)


def asked(server: Listening) -> list[tuple[str, str]]:
    return [(each.method, each.path) for each in server.heard]


def test_what_the_answer_shows_is_not_read_again(server: Listening) -> None:
    assert created(server, Said(201, HELD), Said(500))["id"] == "7"
    assert asked(server) == [("POST", "/fhir/Patient")]


@pytest.mark.parametrize("body", [b"", DONE, b"<html>"])
@pytest.mark.parametrize("location", ["http://ehr.internal/fhir/Patient/7/_history/1", "Patient/7"])
def test_what_the_answer_only_names_is_read(server: Listening, body: bytes, location: str) -> None:
    assert created(server, Said(201, body, {"Location": location}), Said(200, HELD))["id"] == "7"
    assert asked(server) == [("POST", "/fhir/Patient"), ("GET", "/fhir/Patient/7")]


@pytest.mark.parametrize("held", [Said(503), Said(404), Said(403), Said(200, b"")])
@pytest.mark.parametrize("location", ["Patient/7", "elsewhere", ""])
def test_what_was_created_and_cannot_be_shown_is_not_tried_again(
    server: Listening, location: str, held: Said
) -> None:
    with pytest.raises(Refused, match="took the Patient") as caught:
        created(server, Said(201, b"", {"Location": location}), held)
    assert "again" not in caught.value.words


@pytest.mark.parametrize(("status", "expected"), [(503, Temporary), (422, Refused)])
def test_what_was_not_created_is_told_as_ever(
    server: Listening, status: int, expected: type[FhirError]
) -> None:
    with pytest.raises(expected, match=f"answered {status}"):
        created(server, Said(status, b""), Said(200, HELD))
