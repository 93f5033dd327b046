"""One odd record costs the schedule that record alone, and staff can see which one it is."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from fhir_client.client import FhirClient
from intake.diagnostics.clinics import check_clinic
from intake.diagnostics.findings import Verdict
from intake.schedule.appointments import schedule_window
from intake.schedule.chart_values import MALFORMED_CHART
from intake.schedule.faults import RecordFault
from intake.schedule.fetch import UNREADABLE_CHART, fetch_due_schedules, read_expected_visits
from intake.settings import Clinic, Settings
from intake.store import visits
from intake.store.visits import Visit
from tests.support.schedule_server import ScheduleServer
from tests.support.sites import START_TIME, TestSite


def read_visits(
    schedule_server: ScheduleServer, clinic: Clinic
) -> tuple[dict[str, Visit], list[RecordFault]]:
    """Return the visits by the id of their patient, and the faults."""
    faults: list[RecordFault] = []
    window = schedule_window(clinic, START_TIME)
    with FhirClient(schedule_server.base_url, timeout=5) as client:
        served = {
            visit.patient.removeprefix("Patient/"): visit
            for visit in read_expected_visits(client, clinic, window, faults.append)
        }
    return served, faults


@pytest.mark.parametrize(
    "change",
    [
        {"start": "2026-12-01T"},
        {"start": "2026-11-24"},
        {"start": "2026-11"},
        {"start": "2026-11-24T25:00:00Z"},
        {"start": "2026-11-24T16:00:99Z"},
        {"start": "0001-01-01T00:00:00+14:00"},
        {"start": None},
        {"start": 5},
        {"id": None},
        {"id": ["a"]},
        {"status": None},
        {"status": ["booked"]},
        {"resourceType": 5},
        {"participant": "Patient/odd"},
        {"participant": ["Patient/odd"]},
        {"participant": [{"actor": "Patient/odd"}]},
        {"participant": [{"actor": {"reference": ["Patient/odd"]}}]},
    ],
)
def test_an_odd_appointment_is_left_out_and_named(
    schedule_server: ScheduleServer, clinic: Clinic, change: dict[str, Any]
) -> None:
    for patient in ("ana", "odd", "lan"):
        schedule_server.expect(patient)
    schedule_server.appointments[1] |= change
    served, faults = read_visits(schedule_server, clinic)
    assert served.keys() == {"ana", "lan"}
    [fault] = faults
    assert fault.record == ("Appointment" if "id" in change else "Appointment/odd")


@pytest.mark.parametrize(
    "change",
    [
        {"status": "cancelled", "start": 5},
        {"status": "proposed", "start": None},
        {"participant": []},
        {"participant": None},
        {"resourceType": "OperationOutcome"},
    ],
)
def test_an_appointment_without_an_expected_patient_is_no_fault(
    schedule_server: ScheduleServer, clinic: Clinic, change: dict[str, Any]
) -> None:
    schedule_server.expect("ana")
    schedule_server.expect("other")
    schedule_server.appointments[1] |= change
    served, faults = read_visits(schedule_server, clinic)
    assert (set(served), faults) == ({"ana"}, [])


def test_reads_the_patient_beside_an_odd_participant(
    schedule_server: ScheduleServer, clinic: Clinic
) -> None:
    schedule_server.expect("ana")
    schedule_server.appointments[0]["participant"] += [None, "x", {"actor": None}, {"actor": 5}]
    served, faults = read_visits(schedule_server, clinic)
    assert (set(served), faults) == ({"ana"}, [])


@pytest.mark.parametrize(
    ("start", "instant"),
    [
        ("2026-11-24T23:59:60Z", "2026-11-25T00:00:00"),
        ("2026-11-24T16:00Z", "2026-11-24T16:00:00"),
        ("2026-11-24T11:00:00.1234567890-05:00", "2026-11-24T16:00:00"),
        ("2026-11-24T11:00:00-0500", "2026-11-24T16:00:00"),
        ("2026-11-24T11:00:00", "2026-11-24T16:00:00"),
        ("2026-11-24T11:00", "2026-11-24T16:00:00"),
    ],
)
def test_reads_a_start_without_an_offset_in_the_clinics_zone(
    schedule_server: ScheduleServer, clinic: Clinic, start: str, instant: str
) -> None:
    schedule_server.expect("ana", start=start)
    served, faults = read_visits(schedule_server, clinic)
    assert served["ana"].starts_at == datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert faults == []


@pytest.mark.parametrize(
    "chart",
    [
        {"birthDate": None},
        {"birthDate": 1980},
        {"birthDate": ["1980-01-01"]},
        {"extension": None},
        {"extension": [None]},
        {"extension": "x"},
        {"extension": ["x"]},
        {"extension": [{"url": ["x"]}]},
        {"communication": {"language": "en"}},
        {"communication": [{"language": "en", "preferred": True}]},
        {"name": "Ana Lopez"},
        {"name": ["Ana"]},
        {"name": [{"given": None, "family": "Nguyen"}]},
        {"name": [{"given": "Ana", "family": 5}]},
        {"name": [{"given": [["Ana"]], "family": {"a": 1}}]},
        {"name": [{"given": ["\ud83d"]}]},
        {"identifier": "x"},
        {"identifier": ["x", {"system": [], "value": {}}]},
        {"identifier": [{"system": "urn:mrn", "value": None}]},
    ],
)
def test_an_odd_chart_costs_no_visit(
    schedule_server: ScheduleServer, settings: Settings, pages: TestSite, chart: dict[str, Any]
) -> None:
    for patient in ("ana", "odd", "lan"):
        schedule_server.expect(patient)
    schedule_server.charts["odd"] = chart
    fetch_due_schedules(settings, pages.database, pages.clock)
    with pages.database.read() as tx:
        window = START_TIME.replace(hour=0), START_TIME.replace(hour=23)
        stored = visits.list_visits(tx, "riverside", *window)
    assert {visit.patient for visit in stored} == {"Patient/ana", "Patient/odd", "Patient/lan"}
    assert all(visit.base for visit in stored if visit.patient != "Patient/odd")


@pytest.mark.parametrize(
    ("chart", "fault", "name"),
    [
        ({"extension": ["x"]}, MALFORMED_CHART, "Nguyen"),
        ({"resourceType": None}, "", "Nguyen"),
        ({"deep": "DEEP"}, UNREADABLE_CHART, ""),
    ],
)
def test_an_odd_chart_gives_the_name_and_is_reported(
    schedule_server: ScheduleServer, clinic: Clinic, chart: dict[str, Any], fault: str, name: str
) -> None:
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    schedule_server.expect("odd")
    schedule_server.charts["odd"] = {"deep": deep} if "deep" in chart else chart
    served, faults = read_visits(schedule_server, clinic)
    assert (served["odd"].name, served["odd"].fault) == (name, fault)
    assert [reported.record for reported in faults] == (["Patient/odd"] if fault else [])


def test_logs_odd_records_by_id_and_count(
    schedule_server: ScheduleServer,
    settings: Settings,
    pages: TestSite,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for patient in ("ana", "odd", "lan"):
        schedule_server.expect(patient)
    schedule_server.appointments[1]["start"] = "Ana Lopez"
    schedule_server.charts["lan"] = {"extension": ["Ana Lopez"]}
    with caplog.at_level(logging.INFO, "intake.worker"):
        fetch_due_schedules(settings, pages.database, pages.clock)
    lines = [
        (record.getMessage(), getattr(record, "record", ""), getattr(record, "count", 0))
        for record in caplog.records
    ]
    assert lines == [
        ("record-malformed", "Appointment/odd", 0),
        ("record-malformed", "Patient/lan", 0),
        ("records-malformed", "", 2),
        ("schedule-fetched", "", 2),
    ]
    assert "Lopez" not in str([vars(record) for record in caplog.records])


def test_the_check_counts_the_appointments_that_it_cannot_read(
    schedule_server: ScheduleServer, settings: Settings, clinic: Clinic
) -> None:
    for number in range(7):
        schedule_server.expect(f"odd-{number}", start="Ana Lopez")
    schedule_server.expect("ana")
    with FhirClient(schedule_server.base_url, timeout=5) as client:
        findings = tuple(check_clinic(clinic, settings.servers["main"], client, lambda: START_TIME))
    [fault] = [finding for finding in findings if "schedule has" in finding.words]
    assert fault.verdict is Verdict.WRONG
    assert "1 readable appointments today and tomorrow, and 7 that could not be read" in fault.words
    assert "Appointment/odd-0: its start is no date with a time" in fault.words
    assert "Lopez" not in str(findings)
