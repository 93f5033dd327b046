"""An export in bulk is written once, whatever breaks off, and a line that is none is left for the report to name."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from threading import Event

import pytest

from fhir_client import bulk as export
from fhir_client.client import Client
from fhir_client.errors import Temporary
from intake.sync import bulk
from intake.sync.bulk import Stopped
from intake.sync.sheets import sheets
from tests.listening import Heard, Listening, Said, listening

PATIENTS = b'{"resourceType":"Patient","id":"1","name":[{"family":"Secret"}]}\n{"resourceType":"Patient","id":"2"}\n'
WANTED = bulk.wanted("", date(2026, 1, 1), ["http://loinc.org|72826-1", "http://loinc.org|69490-1"])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    """Exports patients, and devices that nobody asked for."""
    monkeypatch.setattr(export, "NOT_YET", timedelta())
    monkeypatch.setattr(bulk, "NOT_YET", timedelta())
    with listening(lambda _: Said(404)) as found:
        yield found


def answering(server: Listening, *files: Said, looks: int = 0) -> None:
    """Export: ready after so many looks; the file of patients comes as each of `files` in turn."""
    turns, left = list(files), [Said(202)] * looks
    base = f"{server.url}/fhir"

    def answer(heard: Heard) -> Said:
        path = heard.path.partition("?")[0]
        if path == "/fhir/$export":
            return Said(202, headers={"Content-Location": f"{base}/jobs/1"})
        if path == "/fhir/jobs/1" and left:
            return left.pop()
        if path == "/fhir/jobs/1":
            output = [
                {"type": kind, "url": f"{base}/files/{kind}"} for kind in ("Patient", "Device")
            ]
            return Said(body=json.dumps({"output": output}).encode())
        return turns.pop(0) if len(turns) > 1 else turns[0]

    server.answer = answer


def fetched(server: Listening, folder: Path, stop: Event | None = None) -> list[bytes]:
    """The lines of Patient's file."""
    with Client(f"{server.url}/fhir", timeout=5) as client, sheets(folder, 0) as out:
        bulk.fetch(client, WANTED, out, stop or Event())
    assert [
        each.name for each in folder.iterdir() if each.stat().st_size and "Patient" not in each.name
    ] == []
    return (folder / "Patient.0.ndjson").read_bytes().splitlines()


def cut(body: bytes) -> Said:
    return Said(body=body, headers={"Content-Length": str(len(body) + 9)})


def test_what_is_broken_off_is_fetched_again_and_stands_there_once(
    server: Listening, tmp_path: Path
) -> None:
    answering(server, cut(PATIENTS), Said(503), cut(PATIENTS[:50]), Said(body=PATIENTS), looks=2)
    found = [json.loads(each) for each in fetched(server, tmp_path)]
    assert found == [
        {"resourceType": "Patient", "id": "0-1"},
        {"resourceType": "Patient", "id": "0-2"},
    ]
    assert [each.path for each in server.heard if each.method == "DELETE"] == ["/fhir/jobs/1"]


def test_what_never_comes_whole_is_given_up_and_ended_there(
    server: Listening, tmp_path: Path
) -> None:
    answering(server, cut(PATIENTS))
    with pytest.raises(Temporary):
        fetched(server, tmp_path)
    assert [each.path for each in server.heard if each.method == "DELETE"] == ["/fhir/jobs/1"]


def test_a_line_that_is_no_resource_is_left_for_the_report_to_name(
    server: Listening, tmp_path: Path
) -> None:
    answering(server, Said(body=PATIENTS + b'{"resourceType":"Pat\n[]\n'))
    assert fetched(server, tmp_path)[2:] == [b'{"resourceType":"Pat', b"[]"]


def test_whoever_waits_can_be_stopped(server: Listening, tmp_path: Path) -> None:
    answering(server, Said(body=PATIENTS), looks=1)
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        fetched(server, tmp_path, stop)


def test_whoever_fetches_a_file_can_be_stopped(server: Listening, tmp_path: Path) -> None:
    answering(server, Said(body=PATIENTS))
    usual, stop = server.answer, Event()

    def answer(heard: Heard) -> Said:
        if heard.path.startswith("/fhir/files"):
            stop.set()
        return usual(heard)

    server.answer = answer
    with pytest.raises(Stopped):
        fetched(server, tmp_path, stop)
    assert [each.path for each in server.heard if each.method == "DELETE"] == ["/fhir/jobs/1"]


def test_each_filter_is_one_search_whose_commas_and_bars_do_not_break_the_list(
    server: Listening, tmp_path: Path
) -> None:
    answering(server, Said(body=PATIENTS))
    fetched(server, tmp_path)
    assert WANTED.filters == (
        "Encounter?date=ge2026-01-01",
        "Appointment?date=ge2026-01-01",
        "Observation?code=http%3A%2F%2Floinc.org%7C72826-1",
        "Observation?code=http%3A%2F%2Floinc.org%7C69490-1",
    )
    assert "_typeFilter=Encounter%3Fdate%3Dge2026-01-01%2CAppointment" in server.heard[0].path
