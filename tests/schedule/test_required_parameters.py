"""The schedule at servers that search appointments by location, patient or practitioner only."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from fhir_client.client import FhirClient
from fhir_client.errors import RefusedError
from intake.diagnostics.clinics import check_clinic
from intake.schedule import fetch
from intake.schedule.appointments import LocationsNeededError, schedule_window
from intake.settings import Clinic, Settings
from intake.store import visits
from tests.support.schedule_server import FRONT, ScheduleServer
from tests.support.server_checks import find_faults
from tests.support.sites import START_TIME, TestSite

VENDOR = ("location", "patient", "practitioner")


def read_patients(
    server: ScheduleServer, clinic: Clinic, required: tuple[str, ...] = ()
) -> list[str]:
    window = schedule_window(clinic, START_TIME)
    with FhirClient(server.base_url, timeout=5) as client:
        found = fetch.read_expected_visits(client, clinic, window, required=required)
        return [visit.patient for visit in found]


def searched_locations(server: ScheduleServer) -> list[str]:
    queries = [parse_qs(urlsplit(request.path).query) for request in server.server.requests]
    return [",".join(query.get("location", [])) for query in queries if "date" in query]


@pytest.mark.parametrize("required", [(), VENDOR])
def test_searches_by_the_clinics_locations_where_the_time_is_not_enough(
    schedule_server: ScheduleServer, clinic: Clinic, required: tuple[str, ...]
) -> None:
    schedule_server.required = VENDOR
    schedule_server.expect("here", FRONT)
    schedule_server.expect("both", FRONT, "Location/back")
    schedule_server.expect("elsewhere", "Location/lab")
    with_locations = replace(clinic, locations=(FRONT, "Location/back"))
    assert read_patients(schedule_server, with_locations, required) == [
        "Patient/here",
        "Patient/both",
    ]
    by_location = f"{FRONT},Location/back"
    # A known quirk saves the refused request.
    assert searched_locations(schedule_server) == [*([] if required else [""]), by_location]


def test_searches_many_locations_in_parts_and_lists_no_visit_twice(
    schedule_server: ScheduleServer, clinic: Clinic
) -> None:
    schedule_server.required = VENDOR
    places = tuple(f"Location/{number}" for number in range(45))
    schedule_server.expect("first", places[0], places[44])
    schedule_server.expect("last", places[44])
    many = replace(clinic, locations=(*places, "urn:oid:1.2|an-identifier"))
    assert read_patients(schedule_server, many, VENDOR) == ["Patient/first", "Patient/last"]
    searches = searched_locations(schedule_server)
    assert [search.count(",") + 1 for search in searches] == [20, 20, 5]
    assert "identifier" not in "".join(searches)


def test_a_server_without_the_quirk_gets_one_search_by_time(
    schedule_server: ScheduleServer, clinic: Clinic
) -> None:
    schedule_server.expect("here", FRONT)
    assert read_patients(schedule_server, replace(clinic, locations=(FRONT,))) == ["Patient/here"]
    assert searched_locations(schedule_server) == [""]


@pytest.mark.parametrize("locations", [(), ("urn:oid:1.2|an-identifier",)])
def test_a_clinic_without_locations_is_told_to_name_them(
    schedule_server: ScheduleServer,
    settings: Settings,
    clinic: Clinic,
    locations: tuple[str, ...],
) -> None:
    schedule_server.required = VENDOR
    without = replace(clinic, locations=locations)
    with pytest.raises(LocationsNeededError, match="location or patient or practitioner"):
        read_patients(schedule_server, without, VENDOR)
    with pytest.raises(RefusedError, match="400: it refuses this"):
        read_patients(schedule_server, without)
    with FhirClient(schedule_server.base_url, timeout=5) as client:
        for required in ((), VENDOR):
            findings = tuple(
                check_clinic(
                    replace(clinic, organization="Patient/1"),
                    settings.servers["main"],
                    client,
                    lambda: START_TIME,
                    required,
                )
            )
            assert find_faults(findings)
            assert "Is it running" not in str(findings)
            assert "locations of [riverside]" in findings[-1].way_out


def test_the_worker_uses_the_quirk_of_the_server(
    schedule_server: ScheduleServer, settings: Settings, pages: TestSite
) -> None:
    schedule_server.required = VENDOR
    schedule_server.expect("here", FRONT)
    vendor_server = replace(settings.servers["main"], quirks="oracle-health")
    clinic = replace(settings.clinics["riverside"], locations=(FRONT,))
    at_vendor = replace(settings, servers={"main": vendor_server}, clinics={"riverside": clinic})
    fetch.fetch_due_schedules(at_vendor, pages.database, pages.clock)
    assert searched_locations(schedule_server) == [FRONT]
    with pages.database.read() as tx:
        assert visits.last_fetched_at(tx, "riverside") is not None
