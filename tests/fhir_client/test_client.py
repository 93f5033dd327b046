"""The client against a server that misbehaves in the ways that real ones do."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from fhir_client.auth import BasicAuth, BearerAuth
from fhir_client.client import FhirClient
from fhir_client.errors import (
    FhirError,
    GoneError,
    RefusedError,
    ServerError,
    TemporaryError,
    VersionConflictError,
)
from fhir_client.transport.responses import LONGEST_WAIT, entry_errors, parse_retry_after

SECRET = "Lan Nguyen is Vietnamese"


@dataclass
class Script:
    """The server's next response, and the requests that it got."""

    status: int = 200
    body: bytes = b'{"resourceType": "Patient", "id": "1"}'
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    pages: Callable[[str], bytes] | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def base(script: Script) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script.asked.append((self.path, dict(self.headers.items())))
            script.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            if script.drop:
                self.connection.close()
                return
            body = script.pages(self.path) if script.pages else script.body
            self.send_response(script.status)
            for name, value in script.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/fhir"
    server.shutdown()
    thread.join()
    server.server_close()


def outcome(severity: str, code: str) -> bytes:
    issue = {"severity": severity, "code": code, "diagnostics": SECRET}
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        *[(status, b"{}", TemporaryError) for status in (408, 425, 429, 500, 502, 503, 504)],
        (502, f"<html>{SECRET}</html>".encode(), TemporaryError),
        (409, outcome("error", "conflict"), VersionConflictError),
        (412, b"", VersionConflictError),
        (
            400,
            b'{"issue": [{"details": {"text": "HTTP 412 Precondition Failed"}}]}',
            VersionConflictError,
        ),
        (
            400,
            b'{"issue": [{"diagnostics": "The If-Match version does not match"}]}',
            VersionConflictError,
        ),
        (
            400,
            b'{"issue": [{"details": {"text": "Assigned ID is already in use"}}]}',
            VersionConflictError,
        ),
        (400, b'{"issue": [{"diagnostics": "Header If-Match is required"}]}', RefusedError),
        (400, b'{"issue": [{"diagnostics": "Observation/412 does not exist"}]}', RefusedError),
        (400, outcome("error", "invalid"), RefusedError),
        (422, outcome("error", "processing"), RefusedError),
        (404, outcome("error", "not-found"), GoneError),
        (410, b"", GoneError),
        (401, b"", ServerError),
        (403, b"", ServerError),
        *[(status, b"", ServerError) for status in (301, 307, 405, 406, 415, 501)],
        (200, outcome("error", "exception"), RefusedError),
        (200, outcome("error", "throttled"), TemporaryError),
        (200, b'{"resourceType": "Pat', TemporaryError),
        (200, b"<html></html>", TemporaryError),
        (200, b"", TemporaryError),
    ],
)
def test_errors_are_named_for_what_to_do_next(
    base: str, script: Script, status: int, body: bytes, expected: type[FhirError]
) -> None:
    script.status, script.body = status, body
    with FhirClient(base, timeout=5) as client, pytest.raises(FhirError) as caught:
        client.read("Patient/1")
    assert type(caught.value) is expected
    assert SECRET not in str(caught.value)
    assert caught.value.message.endswith(".")


def test_the_message_names_fhirs_issue_code(base: str, script: Script) -> None:
    script.status, script.body = 422, outcome("error", "business-rule")
    with FhirClient(base) as client, pytest.raises(RefusedError, match="business-rule"):
        client.read("Patient/1")


def test_a_dropped_connection_is_temporary(base: str, script: Script) -> None:
    script.drop = True
    with FhirClient(base) as client, pytest.raises(TemporaryError, match="reached"):
        client.read("Patient/1")


def test_an_unreachable_server_is_temporary() -> None:
    with FhirClient("http://127.0.0.1:9/fhir") as client, pytest.raises(TemporaryError):
        client.read("Patient/1")


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("120", timedelta(seconds=120)),
        ("Mon, 23 Nov 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("Mon, 23 Nov 2026 11:00:00 GMT", timedelta()),
        ("soon", None),
        ("9" * 5000, LONGEST_WAIT),
        ("31536000", LONGEST_WAIT),
        ("Sat, 23 Nov 2126 12:00:00 GMT", LONGEST_WAIT),
        ("Mon, 23 Nov 99999 12:00:00 GMT", None),
    ],
)
def test_retry_after_as_seconds_and_as_a_date(
    header: str | None, expected: timedelta | None
) -> None:
    assert parse_retry_after(header, NOW) == expected


def test_pages_are_followed_on_our_own_host_only(base: str, script: Script) -> None:
    def pages(path: str) -> bytes:
        entry = {"resource": {"resourceType": "Patient", "id": "b" if "page=2" in path else "a"}}
        link = (
            []
            if "page=2" in path
            else [{"relation": "next", "url": "https://inner.example/fhir/Patient?page=2"}]
        )
        return json.dumps(
            {"resourceType": "Bundle", "type": "searchset", "entry": [entry], "link": link}
        ).encode()

    script.pages = pages
    with FhirClient(base) as client:
        assert [patient["id"] for patient in client.search("Patient", {"name": "x y"})] == [
            "a",
            "b",
        ]
    assert [path for path, _ in script.asked] == ["/fhir/Patient?name=x+y", "/fhir/Patient?page=2"]


WHO = {"identifier": "urn:mrn|4711"}


def test_an_unlogged_search_keeps_parameters_out_of_the_url(base: str, script: Script) -> None:
    script.body = json.dumps(
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "a"}}]}
    ).encode()
    with FhirClient(base) as client:
        assert [patient["id"] for patient in client.search("Patient", WHO, unlogged=True)] == ["a"]
    [(path, headers)] = script.asked
    assert (path, headers["Content-Type"]) == (
        "/fhir/Patient/_search",
        "application/x-www-form-urlencoded",
    )
    assert script.bodies == [b"identifier=urn%3Amrn%7C4711"]


@pytest.mark.parametrize("unlogged", [True, False])
def test_a_parameter_with_two_values_is_repeated(base: str, script: Script, unlogged: bool) -> None:
    script.body = b'{"resourceType": "Bundle"}'
    with FhirClient(base) as client:
        list(
            client.search(
                "Appointment", {"date": ("ge2026", "lt2027"), "_count": "2"}, unlogged=unlogged
            )
        )
    sent = script.bodies[0].decode() if unlogged else script.asked[0][0].partition("?")[2]
    assert sent == "date=ge2026&date=lt2027&_count=2"


@pytest.mark.parametrize("status", [400, 403, 404, 405, 415, 501])
def test_a_server_without_post_search_gets_a_get(base: str, script: Script, status: int) -> None:
    script.status = status
    with FhirClient(base) as client, pytest.raises(FhirError):
        list(client.search("Patient", WHO, unlogged=True))
    assert [path for path, _ in script.asked] == [
        "/fhir/Patient/_search",
        "/fhir/Patient?identifier=urn%3Amrn%7C4711",
    ]


@pytest.mark.parametrize("status", [401, 429, 503])
def test_other_errors_never_put_the_parameters_into_a_url(
    base: str, script: Script, status: int
) -> None:
    script.status = status
    with FhirClient(base) as client, pytest.raises(FhirError):
        list(client.search("Patient", WHO, unlogged=True))
    assert [path for path, _ in script.asked] == ["/fhir/Patient/_search"]


def test_search_ends_where_pages_lead_back_to_each_other(base: str, script: Script) -> None:
    link = [{"relation": "next", "url": f"{base}/Patient?page=2"}]
    script.body = json.dumps(
        {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:x"}], "link": link}
    ).encode()
    with FhirClient(base) as client, pytest.raises(RefusedError, match="lead back"):
        list(client.search("Patient", {}))
    assert len(script.asked) == 2


def test_requests_ask_for_no_cached_answer(base: str, script: Script) -> None:
    with FhirClient(base) as client:
        client.read("Patient/1")
    assert script.asked[0][1]["Cache-Control"] == "no-cache"


def test_a_decimal_keeps_its_digits(base: str, script: Script) -> None:
    script.body = b'{"resourceType": "Patient", "extension": [{"valueDecimal": 42.36690}]}'
    with FhirClient(base) as client:
        client.send_bundle(client.read("Patient/1"))
    assert script.bodies[-1] == script.body.replace(b" ", b"")


def test_each_failed_entry_has_its_own_error() -> None:
    statuses = ("200 OK", "201", "412 Precondition Failed", "503", "404", "403", "422", "odd")
    bundle = {"entry": [{"response": {"status": status}} for status in statuses] + [{}]}
    assert [type(fault) for fault in entry_errors(bundle)] == [
        VersionConflictError,
        TemporaryError,
        GoneError,
        ServerError,
        RefusedError,
    ]


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (BearerAuth("t0ken"), "Bearer t0ken"),
        (BasicAuth("jö", "pw"), "Basic asO2OnB3"),
        (None, None),
    ],
)
def test_credentials_become_the_authorization_header(
    base: str, script: Script, auth: BasicAuth | BearerAuth | None, header: str | None
) -> None:
    with FhirClient(base, auth) as client:
        client.read("Patient/1")
    assert script.asked[0][1].get("Authorization") == header
    assert "t0ken" not in repr(auth)
    assert "pw" not in repr(auth)


def test_a_base_url_without_fhir_is_the_servers_fault(base: str, script: Script) -> None:
    script.status = 404
    with FhirClient(base) as client, pytest.raises(ServerError, match="base URL"):
        client.read_capabilities()
