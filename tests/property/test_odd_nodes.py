"""Any node of a Patient or an Appointment may be odd: every other record is still served."""

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_client.client import FhirClient
from intake.schedule.appointments import schedule_window
from intake.schedule.faults import RecordFault
from intake.schedule.fetch import read_expected_visits
from tests.support.schedule_server import FRONT, ScheduleServer
from tests.support.server_checks import CLINIC
from tests.support.sites import START_TIME
from tests.support.stub_server import StubResponse, run_stub_server

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
CDCREC = "urn:oid:2.16.840.1.113883.6.238"
PROFICIENCY = "http://hl7.org/fhir/StructureDefinition/patient-proficiency"
INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "odd",
    "meta": {"versionId": "3"},
    "extension": [
        {
            "url": f"{US_CORE}us-core-race",
            "extension": [
                {
                    "url": "ombCategory",
                    "valueCoding": {"system": CDCREC, "code": "2106-3", "display": "White"},
                },
                {"url": "text", "valueString": "White"},
            ],
        },
        {"url": INTERPRETER, "valueBoolean": True},
        {
            "url": f"{US_CORE}us-core-interpreter-needed",
            "valueCoding": {"system": "http://snomed.info/sct", "code": "373066001"},
        },
        {
            "url": f"{US_CORE}us-core-tribal-affiliation",
            "extension": [
                {
                    "url": "tribalAffiliation",
                    "valueCodeableConcept": {"coding": [{"code": "91", "display": "Tribe"}]},
                }
            ],
        },
    ],
    "identifier": [{"system": "urn:mrn", "value": "1001"}],
    "name": [{"use": "official", "family": "Nguyen", "given": ["Lan"]}],
    "birthDate": "1980-02-29",
    "communication": [
        {
            "language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "vi"}], "text": "x"},
            "preferred": True,
            "extension": [
                {
                    "url": PROFICIENCY,
                    "extension": [{"url": "type", "valueCoding": {"code": "ESP"}}],
                }
            ],
        }
    ],
}
APPOINTMENT: dict[str, Any] = {
    "resourceType": "Appointment",
    "id": "odd",
    "status": "booked",
    "start": "2026-11-24T16:00:00Z",
    "participant": [
        {"actor": {"reference": "Patient/odd", "display": "Lan"}, "status": "accepted"},
        {"actor": {"reference": FRONT}},
    ],
}
DEEP: list[Any] = []
for _ in range(60):
    DEEP = [DEEP, {"extension": DEEP}] if not DEEP else [DEEP]
VALUES = st.sampled_from(
    [
        *(None, [], {}, [None], [[]], [{}], [5], ["x"], 0, -1, 5, 1.5, 10**400, True, DEEP),
        *("", "x", "\ud83d", "\u0000", "\u202e", "2026-12-01T", "2026-11-24T23:59:60Z", "x" * 9999),
        *(
            "2026-11-24",
            "2026",
            "9999-12-31T23:59:59-14:00",
            "Patient/",
            "Patient/a b",
            "Location/",
        ),
        *({"url": "x"}, {"reference": ["x"]}, {"coding": [None]}, [{"language": "en"}]),
    ]
)
Path = tuple[str | int, ...]


def node_paths(node: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of each node below a value."""
    members = node.items() if isinstance(node, dict) else ()
    items = enumerate(node) if isinstance(node, list) else ()
    for key, member in (*members, *items):
        yield (*path, key)
        yield from node_paths(member, (*path, key))


def replace_node(resource: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Return a copy of the resource with another value at the path."""
    changed: Any = copy.deepcopy(resource)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return dict(changed)


@pytest.fixture(scope="module")
def schedule_server() -> Iterator[ScheduleServer]:
    with run_stub_server(lambda _: StubResponse(404)) as server:
        schedule_server = ScheduleServer(server)
        server.respond = schedule_server.respond
        yield schedule_server


def serve_between_others(
    schedule_server: ScheduleServer, appointment: dict[str, Any], patient: dict[str, Any]
) -> set[str]:
    """Return the patients that are served; checks the others' visits."""
    schedule_server.appointments.clear()
    schedule_server.expect("ana", FRONT)
    schedule_server.appointments.append(appointment)
    schedule_server.expect("lan", FRONT)
    schedule_server.charts["odd"] = patient
    faults: list[RecordFault] = []
    window = schedule_window(CLINIC, START_TIME)
    with FhirClient(schedule_server.base_url, timeout=5) as client:
        visits = list(read_expected_visits(client, CLINIC, window, faults.append))
    names = {visit.patient: visit.name for visit in visits}
    assert (names["Patient/ana"], names["Patient/lan"]) == ("Nguyen", "Nguyen")
    # The store writes all visits of a fetch at once, so each must have a form as JSON.
    msgspec.json.encode(visits)
    return set(names)


@settings(deadline=None)
@given(st.sampled_from(tuple(node_paths(APPOINTMENT))), VALUES)
def test_any_odd_node_of_an_appointment_costs_that_appointment_at_most(
    schedule_server: ScheduleServer, path: Path, value: Any
) -> None:
    odd = replace_node(APPOINTMENT, path, value)
    serve_between_others(schedule_server, odd, PATIENT)


@settings(deadline=None)
@given(st.sampled_from(tuple(node_paths(PATIENT))), VALUES)
def test_any_odd_node_of_a_patient_costs_no_visit(
    schedule_server: ScheduleServer, path: Path, value: Any
) -> None:
    odd = replace_node(PATIENT, path, value)
    assert "Patient/odd" in serve_between_others(schedule_server, APPOINTMENT, odd)
