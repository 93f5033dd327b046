"""The Bulk Data export: each resource is written once, also after an interruption."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from threading import Event

import pytest

from fhir_client import bulk as client_bulk
from fhir_client.client import FhirClient
from fhir_client.errors import TemporaryError
from intake.feed import bulk
from intake.feed.bulk import ExportStoppedError
from intake.feed.export_files import open_export_files
from tests.support.stub_server import StubRequest, StubResponse, StubServer, run_stub_server

PATIENTS = (
    b'{"resourceType":"Patient","id":"1","name":[{"family":"Secret"}]}\n'
    b'{"resourceType":"Patient","id":"2"}\n'
)
REQUEST = bulk.build_request(
    "", date(2026, 1, 1), ["http://loinc.org|72826-1", "http://loinc.org|69490-1"]
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    """A server that exports patients, and devices that no request names."""
    monkeypatch.setattr(client_bulk, "DEFAULT_PAUSE", timedelta())
    monkeypatch.setattr(bulk, "DEFAULT_PAUSE", timedelta())
    with run_stub_server(lambda _: StubResponse(404)) as stub_server:
        yield stub_server


def offer_export(server: StubServer, *files: StubResponse, polls: int = 0) -> None:
    """Offer an export that is ready after `polls`.

    The requests of the Patient file get each of `files` in turn, and then the last one again.
    """
    responses, pending = list(files), [StubResponse(202)] * polls
    base = f"{server.url}/fhir"

    def respond(request: StubRequest) -> StubResponse:
        path = request.path.partition("?")[0]
        if path == "/fhir/$export":
            return StubResponse(202, headers={"Content-Location": f"{base}/jobs/1"})
        if path == "/fhir/jobs/1" and pending:
            return pending.pop()
        if path == "/fhir/jobs/1":
            output = [
                {"type": resource_type, "url": f"{base}/files/{resource_type}"}
                for resource_type in ("Patient", "Device")
            ]
            return StubResponse(body=json.dumps({"output": output}).encode())
        return responses.pop(0) if len(responses) > 1 else responses[0]

    server.respond = respond


def fetch_patient_lines(server: StubServer, folder: Path, stop: Event | None = None) -> list[bytes]:
    """Fetch the export and return the lines of the Patient file."""
    with FhirClient(f"{server.url}/fhir", timeout=5) as client, open_export_files(folder, 0) as out:
        bulk.fetch_export_files(client, REQUEST, out, stop or Event())
    assert [
        path.name for path in folder.iterdir() if path.stat().st_size and "Patient" not in path.name
    ] == []
    return (folder / "Patient.0.ndjson").read_bytes().splitlines()


def deleted_paths(server: StubServer) -> list[str]:
    return [request.path for request in server.requests if request.method == "DELETE"]


def break_off(body: bytes) -> StubResponse:
    return StubResponse(body=body, headers={"Content-Length": str(len(body) + 9)})


def test_fetches_a_broken_file_again_and_writes_it_once(server: StubServer, tmp_path: Path) -> None:
    offer_export(
        server,
        break_off(PATIENTS),
        StubResponse(503),
        break_off(PATIENTS[:50]),
        StubResponse(body=PATIENTS),
        polls=2,
    )
    assert [json.loads(line) for line in fetch_patient_lines(server, tmp_path)] == [
        {"resourceType": "Patient", "id": "0-1"},
        {"resourceType": "Patient", "id": "0-2"},
    ]
    assert deleted_paths(server) == ["/fhir/jobs/1"]


def test_gives_up_on_a_file_that_always_breaks_off_and_deletes_the_export(
    server: StubServer, tmp_path: Path
) -> None:
    offer_export(server, break_off(PATIENTS))
    with pytest.raises(TemporaryError):
        fetch_patient_lines(server, tmp_path)
    assert deleted_paths(server) == ["/fhir/jobs/1"]


def test_keeps_malformed_lines_for_the_report_to_name(server: StubServer, tmp_path: Path) -> None:
    offer_export(server, StubResponse(body=PATIENTS + b'{"resourceType":"Pat\n[]\n'))
    assert fetch_patient_lines(server, tmp_path)[2:] == [b'{"resourceType":"Pat', b"[]"]


def test_stops_while_it_waits_for_the_export(server: StubServer, tmp_path: Path) -> None:
    offer_export(server, StubResponse(body=PATIENTS), polls=1)
    stop = Event()
    stop.set()
    with pytest.raises(ExportStoppedError):
        fetch_patient_lines(server, tmp_path, stop)


def test_stops_in_the_middle_of_a_file_and_deletes_the_export(
    server: StubServer, tmp_path: Path
) -> None:
    offer_export(server, StubResponse(body=PATIENTS))
    respond, stop = server.respond, Event()

    def stop_at_first_file(request: StubRequest) -> StubResponse:
        if request.path.startswith("/fhir/files"):
            stop.set()
        return respond(request)

    server.respond = stop_at_first_file
    with pytest.raises(ExportStoppedError):
        fetch_patient_lines(server, tmp_path, stop)
    assert deleted_paths(server) == ["/fhir/jobs/1"]


def test_escapes_each_filter_so_that_the_list_stays_one_filter_per_code(
    server: StubServer, tmp_path: Path
) -> None:
    offer_export(server, StubResponse(body=PATIENTS))
    fetch_patient_lines(server, tmp_path)
    assert REQUEST.filters == (
        "Encounter?date=ge2026-01-01",
        "Appointment?date=ge2026-01-01",
        "Observation?code=http%3A%2F%2Floinc.org%7C72826-1",
        "Observation?code=http%3A%2F%2Floinc.org%7C69490-1",
    )
    assert "_typeFilter=Encounter%3Fdate%3Dge2026-01-01%2CAppointment" in server.requests[0].path
