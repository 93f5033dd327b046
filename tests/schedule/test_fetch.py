"""The schedule fetch at servers with protected charts, odd charts and many locations."""

import logging
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from fhir_client.client import FhirClient
from fhir_client.errors import AccessError, ServerError
from fhir_client.model import Json
from intake.schedule import fetch
from intake.schedule.appointments import schedule_window
from intake.schedule.chart_values import add_chart_values
from intake.settings import Clinic, Settings
from intake.store import contacts, visits
from intake.store.visits import Visit
from tests.support.schedule_server import FRONT, ScheduleServer
from tests.support.sites import START_TIME, TestSite
from tests.support.stub_server import StubResponse


def read_visits(
    schedule_server: ScheduleServer, clinic: Clinic, now: datetime = START_TIME
) -> list[Visit]:
    with FhirClient(schedule_server.base_url, timeout=5) as client:
        return list(fetch.read_expected_visits(client, clinic, schedule_window(clinic, now)))


@pytest.mark.parametrize(
    ("now", "between"),
    [
        ("2026-11-24T15:00:00Z", ["ge2026-11-24T05:00:00Z", "lt2026-11-26T05:00:00Z"]),
        ("2026-11-01T03:00:00Z", ["ge2026-10-31T04:00:00Z", "lt2026-11-02T05:00:00Z"]),
    ],
)
def test_searches_today_and_tomorrow_only(
    schedule_server: ScheduleServer, clinic: Clinic, now: str, between: list[str]
) -> None:
    read_visits(schedule_server, clinic, datetime.fromisoformat(now))
    assert parse_qs(urlsplit(schedule_server.server.requests[0].path).query)["date"] == between


def test_leaves_out_appointments_that_the_server_should_have_left_out(
    schedule_server: ScheduleServer, clinic: Clinic
) -> None:
    schedule_server.expect("late", start="2026-11-26T05:00:00Z")
    schedule_server.expect("early", start="2026-11-24T04:59:59Z")
    schedule_server.expect("now")
    assert [visit.patient for visit in read_visits(schedule_server, clinic)] == ["Patient/now"]


@pytest.mark.parametrize(
    "places",
    [(FRONT,), ("Location/lab", FRONT), ("Location/lab", f"https://ehr.example/fhir/{FRONT}")],
)
def test_takes_an_appointment_at_one_of_the_clinics_locations(
    schedule_server: ScheduleServer, clinic: Clinic, places: tuple[str, ...]
) -> None:
    schedule_server.expect("here", *places)
    schedule_server.expect("elsewhere", "Location/lab")
    schedule_server.expect("nowhere")
    with_locations = replace(clinic, locations=("Location/back", FRONT))
    assert [visit.patient for visit in read_visits(schedule_server, with_locations)] == [
        "Patient/here"
    ]


@pytest.mark.parametrize("status", [403, 451])
def test_lists_a_patient_with_a_protected_chart_without_a_name(
    schedule_server: ScheduleServer,
    settings: Settings,
    pages: TestSite,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    for patient_id in ("ana", "protected", "gone", "lan"):
        schedule_server.expect(patient_id)
    schedule_server.statuses |= {"protected": status, "gone": 410}
    with caplog.at_level(logging.INFO, "intake.worker"):
        fetch.fetch_due_schedules(settings, pages.database, pages.clock)
    with pages.database.read() as tx:
        listed = {
            visit.patient.removeprefix("Patient/"): visit
            for visit in visits.list_visits(tx, "riverside", *whole_day())
        }
    assert listed.keys() == {"ana", "protected", "lan"}
    protected_visit = listed["protected"]
    assert (
        protected_visit.name,
        protected_visit.birth_date,
        protected_visit.base,
        protected_visit.gaps,
    ) == ("", None, None, frozenset())
    assert protected_visit.fault == "The record system does not let us read this chart."
    assert (listed["lan"].name, listed["lan"].fault) == ("Nguyen", "")
    assert [record.getMessage() for record in caplog.records] == [
        "charts-forbidden",
        "schedule-fetched",
    ]
    assert "protected" not in str([vars(record) for record in caplog.records])


def test_reads_an_odd_chart_as_far_as_possible(
    schedule_server: ScheduleServer, clinic: Clinic
) -> None:
    absent = [
        {
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                    "valueCode": "unknown",
                }
            ]
        }
    ]
    schedule_server.charts["newborn"] = {
        "name": [{"given": [None], "_given": absent, "family": "Lopez"}]
    }
    schedule_server.charts["never"] = {"birthDate": "1980-02-30"}
    for patient_id in schedule_server.charts:
        schedule_server.expect(patient_id)
    newborn, never = read_visits(schedule_server, clinic)
    assert (newborn.name, newborn.initials) == ("Lopez", "LL")
    assert (never.name, never.birth_date) == ("Nguyen", None)


def test_fetches_other_clinics_after_an_unforeseen_fault_at_one(
    schedule_server: ScheduleServer,
    settings: Settings,
    pages: TestSite,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail_for_one(visit: Visit, clinic: Clinic, patient: Json) -> Visit:
        if visit.patient == "Patient/odd":
            raise RuntimeError("unforeseen")
        return add_chart_values(visit, clinic, patient)

    monkeypatch.setattr(fetch, "add_chart_values", fail_for_one)
    schedule_server.expect("odd", FRONT)
    schedule_server.expect("lan", "Location/hill")
    riverside = replace(settings.clinics["riverside"], locations=(FRONT,))
    hillside = replace(riverside, id="hillside", locations=("Location/hill",))
    two_clinics = replace(settings, clinics={"riverside": riverside, "hillside": hillside})
    fetch.fetch_due_schedules(two_clinics, pages.database, pages.clock)
    with pages.database.read() as tx:
        assert visits.last_fetched_at(tx, "riverside") is None
        assert [visit.name for visit in visits.list_visits(tx, "hillside", *whole_day())] == [
            "Nguyen"
        ]


def test_fetches_after_the_clock_was_set_back(
    schedule_server: ScheduleServer, settings: Settings, pages: TestSite
) -> None:
    fetch.fetch_due_schedules(settings, pages.database, pages.clock)
    pages.clock.advance(hours=-5)
    schedule_server.expect("lan")
    fetch.fetch_due_schedules(settings, pages.database, pages.clock)
    with pages.database.read() as tx:
        assert [visit.name for visit in visits.list_visits(tx, "riverside", *whole_day())] == [
            "Nguyen"
        ]


def whole_day() -> tuple[datetime, datetime]:
    return START_TIME.replace(hour=0), START_TIME.replace(hour=23)


def test_keeps_the_schedule_when_the_server_refuses_us(
    schedule_server: ScheduleServer, settings: Settings, pages: TestSite
) -> None:
    pages.expect_visit("before")
    schedule_server.expect("ana")
    schedule_server.expect("lan")
    schedule_server.statuses["lan"] = 401
    fetch.fetch_due_schedules(settings, pages.database, pages.clock)
    with pages.database.read() as tx:
        assert [visit.patient for visit in visits.list_visits(tx, "riverside", *whole_day())] == [
            "Patient/before"
        ]
        assert visits.last_fetched_at(tx, "riverside") is None


class SingleUseAuth:
    """Credentials for one request; the token endpoint answers the next with 403."""

    def __init__(self) -> None:
        self.requests_left = 1

    def headers(self) -> dict[str, str]:
        self.requests_left -= 1
        if self.requests_left < 0:
            raise AccessError("The token endpoint answered 403.", 403)
        return {}

    def renew(self) -> bool:
        return False


def test_takes_a_403_of_the_token_endpoint_as_a_fault_of_the_server(
    schedule_server: ScheduleServer, clinic: Clinic
) -> None:
    schedule_server.expect("ana")
    window = schedule_window(clinic, START_TIME)
    with (
        FhirClient(schedule_server.base_url, SingleUseAuth(), timeout=5) as client,
        pytest.raises(ServerError, match="token endpoint"),
    ):
        list(fetch.read_expected_visits(client, clinic, window))


def test_records_each_failed_fetch_and_the_next_good_one(
    schedule_server: ScheduleServer, settings: Settings, pages: TestSite
) -> None:
    def read_failures() -> list[tuple[int, str | None]]:
        keys = (contacts.schedule_contact("riverside"), contacts.server_contact("main"))
        with pages.database.read() as tx:
            found = [contacts.read_contact(tx, key) for key in keys]
        return [(contact.failures, contact.reason) for contact in found]

    good = schedule_server.server.respond
    schedule_server.server.respond = lambda _: StubResponse(503)
    for _ in range(3):
        fetch.fetch_due_schedules(settings, pages.database, pages.clock)
    assert read_failures() == [(3, "http-503"), (3, "http-503")]
    schedule_server.server.respond = lambda _: StubResponse(400)
    fetch.fetch_due_schedules(settings, pages.database, pages.clock)
    # The server is well: it refuses this search alone.
    assert read_failures() == [(4, "http-400"), (0, None)]
    schedule_server.server.respond = good
    fetch.fetch_due_schedules(settings, pages.database, pages.clock)
    assert read_failures() == [(0, None), (0, None)]
