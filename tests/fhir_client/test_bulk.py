"""Bulk export from a server that is slow, breaks off, redirects or exports nothing."""

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from fhir_client import bulk
from fhir_client.auth import BearerAuth
from fhir_client.bulk import ExportFile, ExportManifest, ExportRequest
from fhir_client.client import FhirClient
from fhir_client.errors import AccessError, RefusedError, ServerError, TemporaryError
from fhir_client.transport.tls import Tls
from tests.fhir_client.conftest import Secure
from tests.support.certificates import CertificateAuthority
from tests.support.stub_server import StubRequest, StubResponse, StubServer, run_stub_server

TOKEN = "a-secret-token"
WANTED = ExportRequest(("Patient", "Encounter"), filters=("Encounter?date=ge2026-01-01",))
PATIENTS = b'{"resourceType":"Patient","id":"1"}\n\n{"resourceType":"Patient","id":"2"}\n'
LINES = PATIENTS.split()


@dataclass
class Script:
    """The responses to each path in turn; the last one is repeated."""

    server: StubServer
    answers: dict[str, list[StubResponse]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"{self.server.url}/fhir"

    def answer(self, heard: StubRequest) -> StubResponse:
        turns = self.answers.get(heard.path.partition("?")[0], [StubResponse(404)])
        return turns.pop(0) if len(turns) > 1 else turns[0]

    def exports(self, *polls: StubResponse, **files: StubResponse) -> None:
        """Answer the polls in turn, and then with the manifest of the files by resource type."""
        listed = [{"type": kind, "url": f"{self.base}/files/{kind}"} for kind in files]
        manifest = {
            "transactionTime": "2026-11-28T00:00:00Z",
            "requiresAccessToken": True,
            "output": listed,
            "error": [],
        }
        self.answers["/fhir/$export"] = [
            StubResponse(202, headers={"Content-Location": f"{self.base}/jobs/7"})
        ]
        self.answers["/fhir/jobs/7"] = [*polls, StubResponse(body=json.dumps(manifest).encode())]
        self.answers |= {f"/fhir/files/{kind}": [answer] for kind, answer in files.items()}


@pytest.fixture
def script() -> Iterator[Script]:
    with run_stub_server(lambda _: StubResponse(404)) as server:
        found = Script(server)
        server.respond = found.answer
        yield found


@pytest.fixture
def client(script: Script) -> Iterator[FhirClient]:
    with FhirClient(script.base, BearerAuth(TOKEN), timeout=5) as found:
        yield found


def never(length: timedelta) -> None:
    raise AssertionError(f"There is no reason to wait for {length}.")


def test_an_export_is_started_awaited_fetched_and_deleted(
    script: Script, client: FhirClient
) -> None:
    script.exports(
        StubResponse(202, headers={"Retry-After": "7"}),
        StubResponse(202),
        Patient=StubResponse(body=PATIENTS),
    )
    waited: list[timedelta] = []
    where = bulk.start_export(client, WANTED)
    manifest = bulk.await_export(client, where, waited.append)
    assert [list(bulk.read_file_lines(client, file)) for file in manifest.files] == [LINES]
    bulk.delete_export(client, where)
    assert waited == [timedelta(seconds=7), bulk.DEFAULT_PAUSE]
    heard = script.server.requests
    assert [request.path for request in heard if request.method == "DELETE"] == ["/fhir/jobs/7"]
    assert (
        heard[0].path
        == "/fhir/$export?_type=Patient%2CEncounter&_typeFilter=Encounter%3Fdate%3Dge2026-01-01"
    )
    assert heard[0].headers["Prefer"].startswith("respond-async")
    assert {request.headers["Authorization"] for request in heard} == {f"Bearer {TOKEN}"}


def test_an_export_can_be_limited_to_a_group(script: Script, client: FhirClient) -> None:
    script.answers["/fhir/Group/9/$export"] = [
        StubResponse(202, headers={"Content-Location": f"{script.base}/jobs/7"})
    ]
    assert (
        bulk.start_export(client, ExportRequest(("Patient",), "Group/9")) == f"{script.base}/jobs/7"
    )
    assert [request.path for request in script.server.requests] == [
        "/fhir/Group/9/$export?_type=Patient"
    ]


@pytest.mark.parametrize("status", [404, 501, 405, 400, 422, 200, 202])
def test_a_server_without_bulk_export_raises_refused_error(
    script: Script, client: FhirClient, status: int
) -> None:
    script.answers["/fhir/$export"] = [StubResponse(status)]
    with pytest.raises(RefusedError, match="does not export in bulk") as raised:
        bulk.start_export(client, WANTED)
    assert raised.value.status == status


@pytest.mark.parametrize("status", [302, 401, 403])
def test_denied_access_is_not_mistaken_for_a_missing_export(
    script: Script, client: FhirClient, status: int
) -> None:
    script.answers["/fhir/$export"] = [StubResponse(status)]
    with pytest.raises(ServerError, match=f"answered {status}"):
        bulk.start_export(client, WANTED)


class RefusedAuth:
    """Credentials whose token endpoint answers with a status that means no bulk export."""

    def headers(self) -> dict[str, str]:
        raise AccessError("The token endpoint answered 405.", 405)

    def renew(self) -> bool:
        return False


def test_access_and_certificate_errors_are_raised_as_they_are(
    script: Script, secure: Secure
) -> None:
    with (
        FhirClient(script.base, RefusedAuth()) as client,
        pytest.raises(AccessError, match="token endpoint"),
    ):
        bulk.start_export(client, WANTED)
    with (
        FhirClient(secure().url) as client,
        pytest.raises(ServerError, match="certificate is not trusted"),
    ):
        bulk.start_export(client, WANTED)


def test_a_poll_that_fails_briefly_is_repeated(script: Script, client: FhirClient) -> None:
    script.exports(
        StubResponse(503),
        StubResponse(503, headers={"Retry-After": "7200"}),
        StubResponse(200, b"<html>"),
        Patient=StubResponse(),
    )
    waited: list[timedelta] = []
    assert bulk.await_export(client, bulk.start_export(client, WANTED), waited.append).files
    assert waited == [bulk.DEFAULT_PAUSE, bulk.LONGEST_PAUSE, bulk.DEFAULT_PAUSE]


def test_a_rate_limit_is_followed_and_counts_as_no_failure(
    script: Script, client: FhirClient
) -> None:
    minutes = {"Retry-After": "600"}
    often = [StubResponse(429, headers=minutes)] * (bulk.MAX_FAILURES + 1)
    script.exports(
        StubResponse(202, headers=minutes), *often, StubResponse(429), Patient=StubResponse()
    )
    waited: list[timedelta] = []
    assert bulk.await_export(client, bulk.start_export(client, WANTED), waited.append).files
    assert waited == [timedelta(minutes=10)] * (bulk.MAX_FAILURES + 2) + [bulk.RATE_LIMIT_PAUSE]


def test_an_export_ends_after_too_many_failed_polls(script: Script, client: FhirClient) -> None:
    script.exports(Patient=StubResponse())
    script.answers["/fhir/jobs/7"] = [StubResponse(503)]
    waited: list[timedelta] = []
    with pytest.raises(TemporaryError):
        bulk.await_export(client, bulk.start_export(client, WANTED), waited.append)
    assert len(waited) == bulk.MAX_FAILURES


def test_an_export_that_the_server_failed_raises_refused_error(
    script: Script, client: FhirClient
) -> None:
    script.exports(Patient=StubResponse())
    script.answers["/fhir/jobs/7"] = [StubResponse(422)]
    with pytest.raises(RefusedError):
        bulk.await_export(client, bulk.start_export(client, WANTED), never)


def test_error_files_are_counted(script: Script, client: FhirClient) -> None:
    script.exports(Patient=StubResponse())
    said = {"output": [], "error": [{"type": "OperationOutcome", "url": f"{script.base}/files/e"}]}
    script.answers["/fhir/jobs/7"] = [StubResponse(body=json.dumps(said).encode())]
    assert bulk.await_export(client, bulk.start_export(client, WANTED), never) == ExportManifest(
        (), 1
    )


@pytest.mark.parametrize(
    ("longer", "count"), [(100, None), (0, 3)], ids=["connection lost", "fewer than said"]
)
def test_a_file_that_breaks_off_raises_temporary_error(
    script: Script, client: FhirClient, longer: int, count: int | None
) -> None:
    promised = {"Content-Length": str(len(PATIENTS) + longer)}
    script.answers["/fhir/files/Patient"] = [StubResponse(body=PATIENTS, headers=promised)]
    with pytest.raises(TemporaryError):
        list(
            bulk.read_file_lines(
                client, ExportFile("Patient", f"{script.base}/files/Patient", count)
            )
        )


def test_behind_a_proxy_the_servers_own_host_gets_no_request(
    script: Script, client: FhirClient
) -> None:
    script.answers["/fhir/files/Patient"] = [StubResponse(body=PATIENTS)]
    assert (
        list(
            bulk.read_file_lines(
                client, ExportFile("Patient", "http://ehr.internal:8080/fhir/files/Patient", 2)
            )
        )
        == LINES
    )
    script.answers["/fhir/jobs/7"] = [StubResponse(202)]
    assert bulk.poll_export(client, "http://ehr.internal:8080/fhir/jobs/7") == bulk.DEFAULT_PAUSE


@pytest.mark.parametrize("path", ["/data/42/a.ndjson", "/fhirfiles/1"])
@pytest.mark.parametrize("absolute", [True, False])
def test_a_file_outside_the_base_gets_our_credentials(
    script: Script, client: FhirClient, path: str, absolute: bool
) -> None:
    script.answers[path] = [StubResponse(body=PATIENTS)]
    assert (
        list(
            bulk.read_file_lines(
                client, ExportFile("Patient", f"{script.server.url}{path}" if absolute else path)
            )
        )
        == LINES
    )
    assert [request.headers["Authorization"] for request in script.server.requests] == [
        f"Bearer {TOKEN}"
    ]


def test_an_export_is_polled_and_deleted_at_the_servers_url(
    script: Script, client: FhirClient
) -> None:
    script.answers["/BulkRequest/1"] = [StubResponse(202)]
    assert bulk.poll_export(client, f"{script.server.url}/BulkRequest/1") == bulk.DEFAULT_PAUSE
    bulk.delete_export(client, f"{script.server.url}/BulkRequest/1")
    heard = [
        (request.method, request.path, request.headers["Authorization"])
        for request in script.server.requests
    ]
    assert heard == [(method, "/BulkRequest/1", f"Bearer {TOKEN}") for method in ("GET", "DELETE")]


def test_a_file_at_another_host_gets_no_credentials(
    script: Script, secure: Secure, ours: CertificateAuthority
) -> None:
    elsewhere = secure()
    elsewhere.respond = lambda _: StubResponse(body=PATIENTS)
    with FhirClient(script.base, BearerAuth(TOKEN), timeout=5, tls=Tls(str(ours.file))) as client:
        assert (
            list(bulk.read_file_lines(client, ExportFile("Patient", f"{elsewhere.url}/bucket/1")))
            == LINES
        )
    [heard] = elsewhere.requests
    assert "Authorization" not in heard.headers
    assert TOKEN not in repr(heard)


@pytest.mark.parametrize("status", [302, 303, 307, 308])
def test_a_redirected_file_gets_no_credentials(
    script: Script, secure: Secure, ours: CertificateAuthority, status: int
) -> None:
    elsewhere = secure()
    elsewhere.respond = lambda _: StubResponse(body=PATIENTS)
    sent_on = StubResponse(
        status, headers={"Location": f"{elsewhere.url}/fhir/1.ndjson?signature=abc"}
    )
    script.answers["/fhir/files/Patient"] = [sent_on]
    with FhirClient(script.base, BearerAuth(TOKEN), timeout=5, tls=Tls(str(ours.file))) as client:
        assert (
            list(
                bulk.read_file_lines(client, ExportFile("Patient", f"{script.base}/files/Patient"))
            )
            == LINES
        )
    [heard] = elsewhere.requests
    assert (heard.path, TOKEN in repr(heard)) == ("/fhir/1.ndjson?signature=abc", False)
    assert [request.headers["Authorization"] for request in script.server.requests] == [
        f"Bearer {TOKEN}"
    ]


def test_only_one_redirect_is_followed(
    script: Script, secure: Secure, ours: CertificateAuthority
) -> None:
    elsewhere = secure()
    elsewhere.respond = lambda _: StubResponse(
        302, headers={"Location": f"{elsewhere.url}/further"}
    )
    script.answers["/fhir/files/Patient"] = [
        StubResponse(302, headers={"Location": f"{elsewhere.url}/1"})
    ]
    with (
        FhirClient(script.base, timeout=5, tls=Tls(str(ours.file))) as client,
        pytest.raises(ServerError, match="302"),
    ):
        list(bulk.read_file_lines(client, ExportFile("Patient", f"{script.base}/files/Patient")))
    assert [request.path for request in elsewhere.requests] == ["/1"]


@pytest.mark.parametrize("sent_on", [True, False], ids=["redirected", "named"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_only_our_server_gets_our_client_certificate(
    script: Script,
    secure: Secure,
    ours: CertificateAuthority,
    version: ssl.TLSVersion,
    sent_on: bool,
) -> None:
    curious = secure(version=version)
    script.answers["/fhir/files/Patient"] = [
        StubResponse(302, headers={"Location": f"{curious.url}/1"})
    ]
    tls = Tls(str(ours.file), str(ours.issue_certificate("client")))
    url = f"{script.base}/files/Patient" if sent_on else f"{curious.url}/1"
    with FhirClient(script.base, timeout=5, tls=tls) as client, pytest.raises(AccessError):
        list(bulk.read_file_lines(client, ExportFile("Patient", url)))
    assert curious.requests == []


def test_a_redirect_within_our_server_is_followed(script: Script, client: FhirClient) -> None:
    script.answers |= {
        "/fhir/files/Patient": [StubResponse(307, headers={"Location": "/store/1"})],
        "/store/1": [StubResponse(body=PATIENTS)],
    }
    assert (
        list(bulk.read_file_lines(client, ExportFile("Patient", f"{script.base}/files/Patient")))
        == LINES
    )


@pytest.mark.parametrize("sent_on", [True, False], ids=["redirected", "named"])
def test_a_file_at_another_host_is_never_fetched_by_http(
    script: Script, client: FhirClient, sent_on: bool
) -> None:
    with run_stub_server(lambda _: StubResponse(body=PATIENTS)) as elsewhere:
        there = f"{elsewhere.url}/bucket/1"
        script.answers["/fhir/files/Patient"] = [StubResponse(302, headers={"Location": there})]
        with pytest.raises(ServerError, match="another host"):
            list(
                bulk.read_file_lines(
                    client,
                    ExportFile("Patient", f"{script.base}/files/Patient" if sent_on else there),
                )
            )
    assert elsewhere.requests == []
