"""`intake check` names every fault of a clinic with its remedy, and never a patient."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fhir_client.client import FhirClient
from intake.clock import system_clock
from intake.diagnostics.clinics import check_clinic
from intake.diagnostics.findings import Verdict
from tests.support.scripted_server import ScriptedServer
from tests.support.server_checks import (
    CLINIC,
    NOTHING,
    configure_server,
    find_faults,
    run_check,
)


@pytest.mark.parametrize(
    ("organization", "answer", "words"),
    [
        ("Organization/1", (404, {}), "clinic riverside: the server knows no Organization/1"),
        (
            "Organization/1",
            (200, {"resourceType": "Organization", "active": False}),
            "Organization/1 is no longer active",
        ),
        ("urn:oid:1|2", (200, NOTHING), "the server knows no urn:oid:1|2"),
        (
            "urn:oid:1|2",
            (200, {**NOTHING, "entry": [{"resource": {}}] * 2}),
            "more than one Organization by urn:oid:1|2",
        ),
        (
            "Organization/1",
            (403, b""),
            "its places or its schedule cannot be read. The server answered 403",
        ),
    ],
)
def test_reports_an_organization_that_the_server_does_not_know(
    scripted_server: ScriptedServer, organization: str, answer: tuple[int, Any], words: str
) -> None:
    scripted_server.answers["GET Organization"] = answer
    assert words in " ".join(
        find_faults(run_check(scripted_server, replace(CLINIC, organization=organization)))
    )


def test_asks_for_the_reference_of_a_location(scripted_server: ScriptedServer) -> None:
    scripted_server.answers["GET Location"] = (
        200,
        {**NOTHING, "entry": [{"resource": {"resourceType": "Location", "id": "7"}}]},
    )
    findings = run_check(scripted_server, replace(CLINIC, locations=("urn:oid:1|2",)))
    [fault] = [finding for finding in findings if finding.verdict is Verdict.WRONG]
    assert fault.way_out == "Name Location/7 in locations of [riverside] in clinics.toml."


def appointment(now: datetime) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "id": "1",
        "status": "booked",
        "start": (now + timedelta(seconds=1)).isoformat(),
        "participant": [{"actor": {"reference": "Patient/Ana-Lopez", "display": "Ana Lopez"}}],
    }


def test_counts_the_appointments_and_names_no_patient(scripted_server: ScriptedServer) -> None:
    now = system_clock()
    scripted_server.answers["GET Appointment"] = (
        200,
        {**NOTHING, "entry": [{"resource": appointment(now)}]},
    )
    findings = run_check(scripted_server, clock=lambda: now)
    assert findings[-1].words == "the schedule can be searched: 1 appointments today and tomorrow"
    assert "Lopez" not in str(findings)


def test_tells_protected_charts_from_charts_without_record_numbers(
    scripted_server: ScriptedServer,
) -> None:
    now = system_clock()
    scripted_server.answers["GET Appointment"] = (
        200,
        {**NOTHING, "entry": [{"resource": appointment(now)}]},
    )
    scripted_server.answers["GET Patient"] = (403, b"")
    with FhirClient(scripted_server.base_url) as client:
        findings = tuple(
            check_clinic(CLINIC, configure_server(scripted_server.base_url), client, lambda: now)
        )
    assert find_faults(findings) == [
        "clinic riverside: it lets us read no expected patient's chart (1 tried)"
    ]
    assert not any("record number" in finding.words for finding in findings)
