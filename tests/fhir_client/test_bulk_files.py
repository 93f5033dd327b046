"""Files of an export behind proxies and at other hosts, which get no credentials of ours."""

import ssl

import pytest

from fhir_client import bulk
from fhir_client.auth import BearerAuth
from fhir_client.bulk import ExportFile
from fhir_client.client import FhirClient
from fhir_client.errors import AccessError, ServerError
from fhir_client.transport.tls import Tls
from tests.fhir_client.conftest import Secure
from tests.support.certificates import CertificateAuthority
from tests.support.export_stub import LINES, PATIENTS, TOKEN, ExportStub
from tests.support.stub_server import StubResponse, run_stub_server


def test_behind_a_proxy_the_servers_own_host_gets_no_request(
    export: ExportStub, client: FhirClient
) -> None:
    export.answers["/fhir/files/Patient"] = [StubResponse(body=PATIENTS)]
    assert (
        list(
            bulk.read_file_lines(
                client, ExportFile("Patient", "http://ehr.internal:8080/fhir/files/Patient", 2)
            )
        )
        == LINES
    )
    export.answers["/fhir/jobs/7"] = [StubResponse(202)]
    assert bulk.poll_export(client, "http://ehr.internal:8080/fhir/jobs/7") == bulk.DEFAULT_PAUSE


@pytest.mark.parametrize("path", ["/data/42/a.ndjson", "/fhirfiles/1"])
@pytest.mark.parametrize("absolute", [True, False])
def test_a_file_outside_the_base_gets_our_credentials(
    export: ExportStub, client: FhirClient, path: str, absolute: bool
) -> None:
    export.answers[path] = [StubResponse(body=PATIENTS)]
    assert (
        list(
            bulk.read_file_lines(
                client, ExportFile("Patient", f"{export.server.url}{path}" if absolute else path)
            )
        )
        == LINES
    )
    assert [request.headers["Authorization"] for request in export.server.requests] == [
        f"Bearer {TOKEN}"
    ]


def test_a_file_at_another_host_gets_no_credentials(
    export: ExportStub, secure: Secure, ours: CertificateAuthority
) -> None:
    elsewhere = secure()
    elsewhere.respond = lambda _: StubResponse(body=PATIENTS)
    with FhirClient(export.base, BearerAuth(TOKEN), timeout=5, tls=Tls(str(ours.file))) as client:
        assert (
            list(bulk.read_file_lines(client, ExportFile("Patient", f"{elsewhere.url}/bucket/1")))
            == LINES
        )
    [heard] = elsewhere.requests
    assert "Authorization" not in heard.headers
    assert TOKEN not in repr(heard)


@pytest.mark.parametrize("status", [302, 303, 307, 308])
def test_a_redirected_file_gets_no_credentials(
    export: ExportStub, secure: Secure, ours: CertificateAuthority, status: int
) -> None:
    elsewhere = secure()
    elsewhere.respond = lambda _: StubResponse(body=PATIENTS)
    sent_on = StubResponse(
        status, headers={"Location": f"{elsewhere.url}/fhir/1.ndjson?signature=abc"}
    )
    export.answers["/fhir/files/Patient"] = [sent_on]
    with FhirClient(export.base, BearerAuth(TOKEN), timeout=5, tls=Tls(str(ours.file))) as client:
        assert (
            list(
                bulk.read_file_lines(client, ExportFile("Patient", f"{export.base}/files/Patient"))
            )
            == LINES
        )
    [heard] = elsewhere.requests
    assert (heard.path, TOKEN in repr(heard)) == ("/fhir/1.ndjson?signature=abc", False)
    assert [request.headers["Authorization"] for request in export.server.requests] == [
        f"Bearer {TOKEN}"
    ]


def test_only_one_redirect_is_followed(
    export: ExportStub, secure: Secure, ours: CertificateAuthority
) -> None:
    elsewhere = secure()
    elsewhere.respond = lambda _: StubResponse(
        302, headers={"Location": f"{elsewhere.url}/further"}
    )
    export.answers["/fhir/files/Patient"] = [
        StubResponse(302, headers={"Location": f"{elsewhere.url}/1"})
    ]
    with (
        FhirClient(export.base, timeout=5, tls=Tls(str(ours.file))) as client,
        pytest.raises(ServerError, match="302"),
    ):
        list(bulk.read_file_lines(client, ExportFile("Patient", f"{export.base}/files/Patient")))
    assert [request.path for request in elsewhere.requests] == ["/1"]


@pytest.mark.parametrize("sent_on", [True, False], ids=["redirected", "named"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_only_our_server_gets_our_client_certificate(
    export: ExportStub,
    secure: Secure,
    ours: CertificateAuthority,
    version: ssl.TLSVersion,
    sent_on: bool,
) -> None:
    curious = secure(version=version)
    export.answers["/fhir/files/Patient"] = [
        StubResponse(302, headers={"Location": f"{curious.url}/1"})
    ]
    tls = Tls(str(ours.file), str(ours.issue_certificate("client")))
    url = f"{export.base}/files/Patient" if sent_on else f"{curious.url}/1"
    with FhirClient(export.base, timeout=5, tls=tls) as client, pytest.raises(AccessError):
        list(bulk.read_file_lines(client, ExportFile("Patient", url)))
    assert curious.requests == []


def test_a_redirect_within_our_server_is_followed(export: ExportStub, client: FhirClient) -> None:
    export.answers |= {
        "/fhir/files/Patient": [StubResponse(307, headers={"Location": "/store/1"})],
        "/store/1": [StubResponse(body=PATIENTS)],
    }
    assert (
        list(bulk.read_file_lines(client, ExportFile("Patient", f"{export.base}/files/Patient")))
        == LINES
    )


@pytest.mark.parametrize("sent_on", [True, False], ids=["redirected", "named"])
def test_a_file_at_another_host_is_never_fetched_by_http(
    export: ExportStub, client: FhirClient, sent_on: bool
) -> None:
    with run_stub_server(lambda _: StubResponse(body=PATIENTS)) as elsewhere:
        there = f"{elsewhere.url}/bucket/1"
        export.answers["/fhir/files/Patient"] = [StubResponse(302, headers={"Location": there})]
        with pytest.raises(ServerError, match="another host"):
            list(
                bulk.read_file_lines(
                    client,
                    ExportFile("Patient", f"{export.base}/files/Patient" if sent_on else there),
                )
            )
    assert elsewhere.requests == []
