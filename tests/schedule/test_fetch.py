"""Who is expected, as the schedule fetch finds it at servers that keep a chart from us, or whose visits have many places."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fhir_client.client import FhirClient
from fhir_client.errors import AccessError, ServerError
from intake.schedule import fetch
from intake.settings import Clinic, Settings
from intake.store import visits
from intake.store.visits import Visit
from tests.support.sites import START_TIME, TestSite
from tests.support.stub_server import StubRequest, StubResponse, StubServer, run_stub_server

FRONT = "Location/front"


@dataclass
class Scheduled:
    """A server with appointments, the status with which it answers for a patient where that is not 200, and odd charts."""

    server: StubServer
    appointments: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    charts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return f"{self.server.url}/fhir"

    def expect(self, patient: str, *places: str, start: str = "2026-11-24T16:00:00Z") -> None:
        actors = [f"Patient/{patient}", *places]
        taking_part = [{"actor": {"reference": each}} for each in actors]
        self.appointments.append(
            {
                "resourceType": "Appointment",
                "id": patient,
                "status": "booked",
                "start": start,
                "participant": taking_part,
            }
        )

    def answer(self, heard: StubRequest) -> StubResponse:
        path = urlsplit(heard.path).path.removeprefix("/fhir/")
        if path == "Appointment":
            entry = [{"resource": each} for each in self.appointments]
            return StubResponse(
                body=json.dumps(
                    {"resourceType": "Bundle", "type": "searchset", "entry": entry}
                ).encode()
            )
        who = path.removeprefix("Patient/")
        usual = {
            "resourceType": "Patient",
            "name": [{"family": "Nguyen"}],
            "birthDate": "1980-02-29",
        }
        return StubResponse(
            self.statuses.get(who, 200), json.dumps(usual | self.charts.get(who, {})).encode()
        )


@pytest.fixture
def held() -> Iterator[Scheduled]:
    with run_stub_server(lambda _: StubResponse(404)) as server:
        found = Scheduled(server)
        server.respond = found.answer
        yield found


@pytest.fixture
def settings(pages: TestSite, held: Scheduled) -> Settings:
    """The site's, with one clinic at the server of the test."""
    found: Settings = pages.settings
    servers = {"main": replace(found.servers["main"], base_url=held.base_url)}
    return replace(found, servers=servers, clinics={"riverside": found.clinics["riverside"]})


@pytest.fixture
def clinic(settings: Settings) -> Clinic:
    return settings.clinics["riverside"]


def found_by(held: Scheduled, clinic: Clinic, now: datetime = START_TIME) -> list[Visit]:
    with FhirClient(held.base_url, timeout=5) as client:
        return list(fetch.read_expected_visits(client, clinic, fetch.schedule_window(clinic, now)))


@pytest.mark.parametrize(
    ("now", "between"),
    [
        ("2026-11-24T15:00:00Z", ["ge2026-11-24T05:00:00Z", "lt2026-11-26T05:00:00Z"]),
        ("2026-11-01T03:00:00Z", ["ge2026-10-31T04:00:00Z", "lt2026-11-02T05:00:00Z"]),
    ],
)
def test_today_and_tomorrow_are_asked_for_and_no_day_more(
    held: Scheduled, clinic: Clinic, now: str, between: list[str]
) -> None:
    found_by(held, clinic, datetime.fromisoformat(now))
    assert parse_qs(urlsplit(held.server.requests[0].path).query)["date"] == between


def test_a_server_that_does_not_narrow_makes_nobody_expected(
    held: Scheduled, clinic: Clinic
) -> None:
    held.expect("late", start="2026-11-26T05:00:00Z")
    held.expect("early", start="2026-11-24T04:59:59Z")
    held.expect("now")
    assert [each.patient for each in found_by(held, clinic)] == ["Patient/now"]


@pytest.mark.parametrize(
    "places",
    [(FRONT,), ("Location/lab", FRONT), ("Location/lab", f"https://ehr.example/fhir/{FRONT}")],
)
def test_one_of_its_places_is_enough_for_a_clinic(
    held: Scheduled, clinic: Clinic, places: tuple[str, ...]
) -> None:
    held.expect("here", *places)
    held.expect("elsewhere", "Location/lab")
    held.expect("nowhere")
    ours = replace(clinic, locations=("Location/back", FRONT))
    assert [each.patient for each in found_by(held, ours)] == ["Patient/here"]


@pytest.mark.parametrize("status", [403, 451])
def test_a_chart_that_is_kept_from_us_keeps_nobody_else_from_the_desk(
    held: Scheduled,
    settings: Settings,
    pages: TestSite,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    for each in ("ana", "protected", "gone", "lan"):
        held.expect(each)
    held.statuses |= {"protected": status, "gone": 410}
    with caplog.at_level(logging.INFO, "intake.worker"):
        fetch.fetch_due_schedules(settings, pages.database, pages.clock)
    with pages.database.read() as tx:
        listed = {
            each.patient.removeprefix("Patient/"): each
            for each in visits.list_visits(tx, "riverside", *whole_day())
        }
    assert listed.keys() == {"ana", "protected", "lan"}
    kept = listed["protected"]
    assert (kept.name, kept.birth_date, kept.base, kept.gaps) == ("", None, None, frozenset())
    assert kept.fault == "The record system does not let us read this chart."
    assert (listed["lan"].name, listed["lan"].fault) == ("Nguyen", "")
    assert [each.getMessage() for each in caplog.records] == [
        "charts-forbidden",
        "schedule-fetched",
    ]
    assert "protected" not in str([vars(each) for each in caplog.records])


def test_an_odd_chart_is_taken_as_far_as_it_can_be_read(held: Scheduled, clinic: Clinic) -> None:
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
    held.charts["newborn"] = {"name": [{"given": [None], "_given": absent, "family": "Lopez"}]}
    held.charts["never"] = {"birthDate": "1980-02-30"}
    for each in held.charts:
        held.expect(each)
    newborn, never = found_by(held, clinic)
    assert (newborn.name, newborn.initials) == ("Lopez", "LL")
    assert (never.name, never.birth_date) == ("Nguyen", None)


def test_what_nobody_foresaw_at_one_clinic_keeps_no_other_from_its_schedule(
    held: Scheduled, settings: Settings, pages: TestSite
) -> None:
    held.charts["odd"] = {"name": "Ana Lopez"}
    held.expect("odd", FRONT)
    held.expect("lan", "Location/hill")
    riverside = replace(settings.clinics["riverside"], locations=(FRONT,))
    hillside = replace(riverside, id="hillside", locations=("Location/hill",))
    both = replace(settings, clinics={"riverside": riverside, "hillside": hillside})
    fetch.fetch_due_schedules(both, pages.database, pages.clock)
    with pages.database.read() as tx:
        assert visits.last_fetched_at(tx, "riverside") is None
        assert [each.name for each in visits.list_visits(tx, "hillside", *whole_day())] == [
            "Nguyen"
        ]


def test_a_clock_that_was_set_back_puts_off_no_fetch(
    held: Scheduled, settings: Settings, pages: TestSite
) -> None:
    fetch.fetch_due_schedules(settings, pages.database, pages.clock)
    pages.clock.advance(hours=-5)
    held.expect("lan")
    fetch.fetch_due_schedules(settings, pages.database, pages.clock)
    with pages.database.read() as tx:
        assert [each.name for each in visits.list_visits(tx, "riverside", *whole_day())] == [
            "Nguyen"
        ]


def whole_day() -> tuple[datetime, datetime]:
    return START_TIME.replace(hour=0), START_TIME.replace(hour=23)


def test_a_server_that_knows_us_no_more_leaves_the_schedule_as_it_was(
    held: Scheduled, settings: Settings, pages: TestSite
) -> None:
    pages.expect_visit("before")
    held.expect("ana")
    held.expect("lan")
    held.statuses["lan"] = 401
    fetch.fetch_due_schedules(settings, pages.database, pages.clock)
    with pages.database.read() as tx:
        assert [each.patient for each in visits.list_visits(tx, "riverside", *whole_day())] == [
            "Patient/before"
        ]
        assert visits.last_fetched_at(tx, "riverside") is None


class Once:
    """Credentials that are refused, by a token endpoint's 403, for all but the first request."""

    def __init__(self) -> None:
        self.left = 1

    def headers(self) -> dict[str, str]:
        self.left -= 1
        if self.left < 0:
            raise AccessError("The token endpoint answered 403.", 403)
        return {}

    def renew(self) -> bool:
        return False


def test_a_403_of_the_token_endpoint_is_about_no_patient(held: Scheduled, clinic: Clinic) -> None:
    held.expect("ana")
    day = fetch.schedule_window(clinic, START_TIME)
    with (
        FhirClient(held.base_url, Once(), timeout=5) as client,
        pytest.raises(ServerError, match="token endpoint"),
    ):
        list(fetch.read_expected_visits(client, clinic, day))
