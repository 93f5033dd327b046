"""An export in bulk is written once, whatever breaks off, and a line that is none is left for the report to name."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from threading import Event

import pytest

from fhir_client import bulk as export
from fhir_client.client import FhirClient
from fhir_client.errors import TemporaryError
from intake.feed import bulk
from intake.feed.bulk import ExportStoppedError
from intake.feed.export_files import open_export_files
from tests.support.stub_server import StubRequest, StubResponse, StubServer, run_stub_server

PATIENTS = b'{"resourceType":"Patient","id":"1","name":[{"family":"Secret"}]}\n{"resourceType":"Patient","id":"2"}\n'
WANTED = bulk.build_request(
    "", date(2026, 1, 1), ["http://loinc.org|72826-1", "http://loinc.org|69490-1"]
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    """Exports patients, and devices that nobody asked for."""
    monkeypatch.setattr(export, "DEFAULT_PAUSE", timedelta())
    monkeypatch.setattr(bulk, "DEFAULT_PAUSE", timedelta())
    with run_stub_server(lambda _: StubResponse(404)) as found:
        yield found


def answering(server: StubServer, *files: StubResponse, looks: int = 0) -> None:
    """Export: ready after so many looks; the file of patients comes as each of `files` in turn."""
    turns, left = list(files), [StubResponse(202)] * looks
    base = f"{server.url}/fhir"

    def answer(heard: StubRequest) -> StubResponse:
        path = heard.path.partition("?")[0]
        if path == "/fhir/$export":
            return StubResponse(202, headers={"Content-Location": f"{base}/jobs/1"})
        if path == "/fhir/jobs/1" and left:
            return left.pop()
        if path == "/fhir/jobs/1":
            output = [
                {"type": kind, "url": f"{base}/files/{kind}"} for kind in ("Patient", "Device")
            ]
            return StubResponse(body=json.dumps({"output": output}).encode())
        return turns.pop(0) if len(turns) > 1 else turns[0]

    server.respond = answer


def fetched(server: StubServer, folder: Path, stop: Event | None = None) -> list[bytes]:
    """The lines of Patient's file."""
    with FhirClient(f"{server.url}/fhir", timeout=5) as client, open_export_files(folder, 0) as out:
        bulk.fetch_export_files(client, WANTED, out, stop or Event())
    assert [
        each.name for each in folder.iterdir() if each.stat().st_size and "Patient" not in each.name
    ] == []
    return (folder / "Patient.0.ndjson").read_bytes().splitlines()


def cut(body: bytes) -> StubResponse:
    return StubResponse(body=body, headers={"Content-Length": str(len(body) + 9)})


def test_what_is_broken_off_is_fetched_again_and_stands_there_once(
    server: StubServer, tmp_path: Path
) -> None:
    answering(
        server,
        cut(PATIENTS),
        StubResponse(503),
        cut(PATIENTS[:50]),
        StubResponse(body=PATIENTS),
        looks=2,
    )
    found = [json.loads(each) for each in fetched(server, tmp_path)]
    assert found == [
        {"resourceType": "Patient", "id": "0-1"},
        {"resourceType": "Patient", "id": "0-2"},
    ]
    assert [each.path for each in server.requests if each.method == "DELETE"] == ["/fhir/jobs/1"]


def test_what_never_comes_whole_is_given_up_and_ended_there(
    server: StubServer, tmp_path: Path
) -> None:
    answering(server, cut(PATIENTS))
    with pytest.raises(TemporaryError):
        fetched(server, tmp_path)
    assert [each.path for each in server.requests if each.method == "DELETE"] == ["/fhir/jobs/1"]


def test_a_line_that_is_no_resource_is_left_for_the_report_to_name(
    server: StubServer, tmp_path: Path
) -> None:
    answering(server, StubResponse(body=PATIENTS + b'{"resourceType":"Pat\n[]\n'))
    assert fetched(server, tmp_path)[2:] == [b'{"resourceType":"Pat', b"[]"]


def test_whoever_waits_can_be_stopped(server: StubServer, tmp_path: Path) -> None:
    answering(server, StubResponse(body=PATIENTS), looks=1)
    stop = Event()
    stop.set()
    with pytest.raises(ExportStoppedError):
        fetched(server, tmp_path, stop)


def test_whoever_fetches_a_file_can_be_stopped(server: StubServer, tmp_path: Path) -> None:
    answering(server, StubResponse(body=PATIENTS))
    usual, stop = server.respond, Event()

    def answer(heard: StubRequest) -> StubResponse:
        if heard.path.startswith("/fhir/files"):
            stop.set()
        return usual(heard)

    server.respond = answer
    with pytest.raises(ExportStoppedError):
        fetched(server, tmp_path, stop)
    assert [each.path for each in server.requests if each.method == "DELETE"] == ["/fhir/jobs/1"]


def test_each_filter_is_one_search_whose_commas_and_bars_do_not_break_the_list(
    server: StubServer, tmp_path: Path
) -> None:
    answering(server, StubResponse(body=PATIENTS))
    fetched(server, tmp_path)
    assert WANTED.filters == (
        "Encounter?date=ge2026-01-01",
        "Appointment?date=ge2026-01-01",
        "Observation?code=http%3A%2F%2Floinc.org%7C72826-1",
        "Observation?code=http%3A%2F%2Floinc.org%7C69490-1",
    )
    assert "_typeFilter=Encounter%3Fdate%3Dge2026-01-01%2CAppointment" in server.requests[0].path
