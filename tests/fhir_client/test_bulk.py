"""Bulk export from a server that is slow, breaks off or exports nothing."""

import json
from datetime import timedelta

import pytest

from fhir_client import bulk
from fhir_client.bulk import ExportFile, ExportManifest, ExportRequest
from fhir_client.client import FhirClient
from fhir_client.errors import AccessError, RefusedError, ServerError, TemporaryError
from tests.fhir_client.conftest import Secure
from tests.support.export_stub import LINES, PATIENTS, TOKEN, ExportStub
from tests.support.stub_server import StubResponse

WANTED = ExportRequest(("Patient", "Encounter"), filters=("Encounter?date=ge2026-01-01",))


def never(length: timedelta) -> None:
    raise AssertionError(f"There is no reason to wait for {length}.")


def test_an_export_is_started_awaited_fetched_and_deleted(
    export: ExportStub, client: FhirClient
) -> None:
    export.serve_export(
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
    heard = export.server.requests
    assert [request.path for request in heard if request.method == "DELETE"] == ["/fhir/jobs/7"]
    assert (
        heard[0].path
        == "/fhir/$export?_type=Patient%2CEncounter&_typeFilter=Encounter%3Fdate%3Dge2026-01-01"
    )
    assert heard[0].headers["Prefer"].startswith("respond-async")
    assert {request.headers["Authorization"] for request in heard} == {f"Bearer {TOKEN}"}


def test_an_export_can_be_limited_to_a_group(export: ExportStub, client: FhirClient) -> None:
    export.answers["/fhir/Group/9/$export"] = [
        StubResponse(202, headers={"Content-Location": f"{export.base}/jobs/7"})
    ]
    assert (
        bulk.start_export(client, ExportRequest(("Patient",), "Group/9")) == f"{export.base}/jobs/7"
    )
    assert [request.path for request in export.server.requests] == [
        "/fhir/Group/9/$export?_type=Patient"
    ]


@pytest.mark.parametrize("status", [404, 501, 405, 400, 422, 200, 202])
def test_a_server_without_bulk_export_raises_refused_error(
    export: ExportStub, client: FhirClient, status: int
) -> None:
    export.answers["/fhir/$export"] = [StubResponse(status)]
    with pytest.raises(RefusedError, match="does not export in bulk") as raised:
        bulk.start_export(client, WANTED)
    assert raised.value.status == status


@pytest.mark.parametrize("status", [302, 401, 403])
def test_denied_access_is_not_mistaken_for_a_missing_export(
    export: ExportStub, client: FhirClient, status: int
) -> None:
    export.answers["/fhir/$export"] = [StubResponse(status)]
    with pytest.raises(ServerError, match=f"answered {status}"):
        bulk.start_export(client, WANTED)


class RefusedAuth:
    """Credentials whose token endpoint answers with a status that means no bulk export."""

    def headers(self) -> dict[str, str]:
        raise AccessError("The token endpoint answered 405.", 405)

    def renew(self) -> bool:
        return False


def test_access_and_certificate_errors_are_raised_as_they_are(
    export: ExportStub, secure: Secure
) -> None:
    with (
        FhirClient(export.base, RefusedAuth()) as client,
        pytest.raises(AccessError, match="token endpoint"),
    ):
        bulk.start_export(client, WANTED)
    with (
        FhirClient(secure().url) as client,
        pytest.raises(ServerError, match="certificate is not trusted"),
    ):
        bulk.start_export(client, WANTED)


def test_a_poll_that_fails_briefly_is_repeated(export: ExportStub, client: FhirClient) -> None:
    export.serve_export(
        StubResponse(503),
        StubResponse(503, headers={"Retry-After": "7200"}),
        StubResponse(200, b"<html>"),
        Patient=StubResponse(),
    )
    waited: list[timedelta] = []
    assert bulk.await_export(client, bulk.start_export(client, WANTED), waited.append).files
    assert waited == [bulk.DEFAULT_PAUSE, bulk.LONGEST_PAUSE, bulk.DEFAULT_PAUSE]


def test_a_rate_limit_is_followed_and_counts_as_no_failure(
    export: ExportStub, client: FhirClient
) -> None:
    minutes = {"Retry-After": "600"}
    often = [StubResponse(429, headers=minutes)] * (bulk.MAX_FAILURES + 1)
    export.serve_export(
        StubResponse(202, headers=minutes), *often, StubResponse(429), Patient=StubResponse()
    )
    waited: list[timedelta] = []
    assert bulk.await_export(client, bulk.start_export(client, WANTED), waited.append).files
    assert waited == [timedelta(minutes=10)] * (bulk.MAX_FAILURES + 2) + [bulk.RATE_LIMIT_PAUSE]


def test_an_export_ends_after_too_many_failed_polls(export: ExportStub, client: FhirClient) -> None:
    export.serve_export(Patient=StubResponse())
    export.answers["/fhir/jobs/7"] = [StubResponse(503)]
    waited: list[timedelta] = []
    with pytest.raises(TemporaryError):
        bulk.await_export(client, bulk.start_export(client, WANTED), waited.append)
    assert len(waited) == bulk.MAX_FAILURES


def test_an_export_that_the_server_failed_raises_refused_error(
    export: ExportStub, client: FhirClient
) -> None:
    export.serve_export(Patient=StubResponse())
    export.answers["/fhir/jobs/7"] = [StubResponse(422)]
    with pytest.raises(RefusedError):
        bulk.await_export(client, bulk.start_export(client, WANTED), never)


def test_error_files_are_counted(export: ExportStub, client: FhirClient) -> None:
    export.serve_export(Patient=StubResponse())
    error_file = {"type": "OperationOutcome", "url": f"{export.base}/files/e"}
    manifest = {
        "transactionTime": "2026-11-28T00:00:00Z",
        "output": [],
        "error": [None, error_file],
    }
    export.answers["/fhir/jobs/7"] = [StubResponse(body=json.dumps(manifest).encode())]
    assert bulk.await_export(client, bulk.start_export(client, WANTED), never) == ExportManifest(
        (), 1
    )


@pytest.mark.parametrize(
    ("longer", "count"), [(100, None), (0, 3)], ids=["connection lost", "fewer than said"]
)
def test_a_file_that_breaks_off_raises_temporary_error(
    export: ExportStub, client: FhirClient, longer: int, count: int | None
) -> None:
    promised = {"Content-Length": str(len(PATIENTS) + longer)}
    export.answers["/fhir/files/Patient"] = [StubResponse(body=PATIENTS, headers=promised)]
    with pytest.raises(TemporaryError):
        list(
            bulk.read_file_lines(
                client, ExportFile("Patient", f"{export.base}/files/Patient", count)
            )
        )


def test_an_export_is_polled_and_deleted_at_the_servers_url(
    export: ExportStub, client: FhirClient
) -> None:
    export.answers["/BulkRequest/1"] = [StubResponse(202)]
    assert bulk.poll_export(client, f"{export.server.url}/BulkRequest/1") == bulk.DEFAULT_PAUSE
    bulk.delete_export(client, f"{export.server.url}/BulkRequest/1")
    heard = [
        (request.method, request.path, request.headers["Authorization"])
        for request in export.server.requests
    ]
    assert heard == [(method, "/BulkRequest/1", f"Bearer {TOKEN}") for method in ("GET", "DELETE")]
