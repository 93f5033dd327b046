"""`intake check` names every fault of a FHIR server with its remedy, and never a patient."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fhir_client.client import FhirClient
from intake.clock import Clock, system_clock
from intake.diagnostics.check import check_server
from intake.diagnostics.clinics import check_clinic
from intake.diagnostics.findings import Finding, Verdict
from intake.diagnostics.servers import check_certificate
from intake.settings import Auth, AuthKind, Clinic, Server, Settings, load_settings
from tests.support.scripted_server import ScriptedServer

NOTHING: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
PAGE = {
    **NOTHING,
    "entry": [{"resource": {"resourceType": "QuestionnaireResponse", "id": "Ana-Lopez"}}],
}
BATCH = {
    "resourceType": "Bundle",
    "type": "batch-response",
    "entry": [{"resource": NOTHING}, {"resource": NOTHING}],
}
KINDS = {
    "Patient": ("read", "update"),
    "QuestionnaireResponse": ("create", "read", "search-type", "update"),
    "Observation": ("create", "search-type", "update"),
    "Provenance": ("create", "search-type"),
    "Appointment": ("search-type",),
}
CLINIC = Clinic(
    "riverside", "Riverside", ZoneInfo("America/New_York"), "main", "Organization/1", (), "urn:mrn"
)


def capability_statement(**changes: Any) -> dict[str, Any]:
    """Return the CapabilityStatement of a complete server.

    The changes go to each of its resource types.
    """
    resources = [
        {
            "type": kind,
            "interaction": [{"code": code} for code in codes],
            "versioning": "versioned-update",
            "conditionalCreate": True,
            "searchParam": [{"name": "identifier"}, {"name": "date"}, {"name": "target"}],
            **changes,
        }
        for kind, codes in KINDS.items()
    ]
    rest = [{"mode": "server", "interaction": [{"code": "transaction"}], "resource": resources}]
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "software": {"name": "S"},
        "rest": rest,
    }


def server(
    base_url: str, kind: AuthKind = AuthKind.NONE, secret_file: Path | None = None
) -> Server:
    auth = Auth(kind, "intake", secret_file, "", None, "", "ES384", "", ())
    return Server("main", base_url, "6.1.0", "generic", timedelta(seconds=5), auth, None, 1)


def site(*clinics: Clinic) -> Settings:
    return replace(load_settings(), clinics={clinic.id: clinic for clinic in clinics})


@pytest.fixture
def scripted_server(scripted: ScriptedServer) -> ScriptedServer:
    """A server without a fault."""
    scripted.answers |= {
        "GET metadata": (200, capability_statement()),
        "GET QuestionnaireResponse": (200, NOTHING),
        "GET Appointment": (200, NOTHING),
        "GET Organization": (200, {"resourceType": "Organization", "id": "1"}),
        "POST": (200, BATCH),
    }
    return scripted


def run_check(
    script: ScriptedServer, clinic: Clinic = CLINIC, clock: Clock = system_clock
) -> tuple[Finding, ...]:
    return tuple(check_server(server(script.base_url), site(clinic), clock))


def find_faults(findings: tuple[Finding, ...]) -> list[str]:
    wrong = [finding for finding in findings if finding.verdict is Verdict.WRONG]
    assert all(finding.way_out for finding in wrong)
    return [f"{finding.about}: {finding.words}" for finding in wrong]


def test_finds_no_fault_at_a_good_server_and_calls_unknown_what_it_cannot_know(
    scripted_server: ScriptedServer,
) -> None:
    findings = run_check(scripted_server)
    assert find_faults(findings) == []
    unknowns = [finding.words for finding in findings if finding.verdict is Verdict.UNKNOWN]
    assert [words.split(" is ")[0].split(",")[0] for words in unknowns] == [
        "whether it lets us write",
        "the schedule can be searched",
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, b"<html>Not found"), "There is no FHIR server at this base URL."),
        ((200, b"<html>Welcome"), "There is no FHIR server at this base URL."),
        ((200, {"resourceType": "Patient"}), "There is no FHIR server at this base URL."),
        ((302, b""), "The server answered 302: it has moved; check base_url."),
        (
            (401, b""),
            "The server answered 401: it does not let us in; check credentials and scopes.",
        ),
        (
            (403, b""),
            "The server answered 403: it does not let us in; check credentials and scopes.",
        ),
        ((503, b""), "The server answered 503: try again later."),
    ],
)
def test_says_why_a_server_cannot_be_used(
    scripted_server: ScriptedServer, answer: tuple[int, Any], words: str
) -> None:
    scripted_server.answers["GET metadata"] = answer
    findings = run_check(scripted_server)
    assert find_faults(findings) == [f"server main: {scripted_server.base_url}: {words}"]
    assert (findings[-1].about, findings[-1].verdict) == ("clinic riverside", Verdict.UNKNOWN)


def test_reports_a_server_that_cannot_be_reached(scripted_server: ScriptedServer) -> None:
    [fault] = find_faults(
        tuple(check_server(server("http://127.0.0.1:9/fhir"), site(), system_clock))
    )
    assert fault == "server main: http://127.0.0.1:9/fhir: The server cannot be reached."


def test_reports_a_server_that_only_shows_its_description(scripted_server: ScriptedServer) -> None:
    scripted_server.answers["GET QuestionnaireResponse"] = (401, b"")
    [fault] = find_faults(run_check(scripted_server))
    assert "401: it does not let us in" in fault


def test_tells_a_missing_scope_from_a_missing_login(scripted_server: ScriptedServer) -> None:
    scripted_server.answers["GET Patient"] = (403, b"")
    [fault] = find_faults(run_check(scripted_server))
    assert fault.startswith("server main: patients cannot be read. The server answered 403")


@pytest.mark.parametrize(
    ("method", "answer", "words"),
    [
        (
            "GET QuestionnaireResponse",
            (200, PAGE),
            "it ignores the identifier, so that one submission",
        ),
        (
            "GET Patient",
            (200, {"resourceType": "Patient", "id": "Ana-Lopez"}),
            "it answers for a patient who does not exist",
        ),
        ("POST", (200, {**BATCH, "entry": []}), "it does not answer a batch of searches"),
        (
            "POST",
            (200, {**BATCH, "entry": [{"resource": PAGE}, {"resource": NOTHING}]}),
            "it ignores the identifier in a batch",
        ),
        (
            "POST",
            (501, b""),
            "what was written cannot be read back in one batch. The server answered 501",
        ),
    ],
)
def test_sends_the_requests_that_the_worker_sends(
    scripted_server: ScriptedServer, method: str, answer: tuple[int, Any], words: str
) -> None:
    scripted_server.answers[method] = answer
    findings = run_check(scripted_server)
    assert words in " ".join(find_faults(findings))
    assert "Lopez" not in str(findings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"conditionalCreate": False},
            "it offers no conditional create of QuestionnaireResponse, Observation",
        ),
        (
            {"interaction": [{"code": "update"}]},
            "it does not offer: Patient read, Appointment search-type",
        ),
    ],
)
def test_calls_a_missing_capability_a_fault(
    scripted_server: ScriptedServer, changes: dict[str, Any], words: str
) -> None:
    scripted_server.answers["GET metadata"] = (200, capability_statement(**changes))
    assert words in " ".join(find_faults(run_check(scripted_server)))


def test_reports_that_an_undo_needs_a_person(scripted_server: ScriptedServer) -> None:
    description = capability_statement()
    for resource in description["rest"][0]["resource"]:
        resource["interaction"] = [
            code
            for code in resource["interaction"]
            if resource["type"] == "Patient" or code["code"] != "update"
        ]
    scripted_server.answers["GET metadata"] = (200, description)
    findings = run_check(scripted_server)
    assert find_faults(findings) == []
    assert (
        "it does not offer QuestionnaireResponse update, Observation update: "
        "what an undo cannot mark" in str(findings)
    )


def test_writes_no_resource_that_it_could_not_find_again(scripted_server: ScriptedServer) -> None:
    scripted_server.answers["GET metadata"] = (
        200,
        capability_statement(searchParam=[{"name": "date"}]),
    )
    all_words = " ".join(finding.words for finding in run_check(scripted_server))
    assert (
        "without QuestionnaireResponse: "
        "it does not search QuestionnaireResponse by identifier or patient" in all_words
    )


def test_names_the_searches_by_patient(scripted_server: ScriptedServer) -> None:
    scripted_server.answers["GET metadata"] = (
        200,
        capability_statement(
            searchParam=[{"name": name} for name in ("date", "patient", "target")]
        ),
    )
    findings = run_check(scripted_server)
    assert find_faults(findings) == []
    assert (
        "it searches QuestionnaireResponse?patient, Observation?patient, Provenance?target"
        in str(findings)
    )


def test_calls_unknown_a_capability_that_the_server_does_not_mention(
    scripted_server: ScriptedServer,
) -> None:
    bare = {
        **capability_statement(),
        "rest": [{"mode": "server", "interaction": [{"code": "transaction"}]}],
    }
    scripted_server.answers["GET metadata"] = (200, bare)
    findings = run_check(scripted_server)
    assert find_faults(findings) == []
    assert sum(finding.verdict is Verdict.UNKNOWN for finding in findings) == 6


def test_names_the_next_strategy_of_a_server_without_transactions(
    scripted_server: ScriptedServer,
) -> None:
    without = capability_statement()
    without["rest"][0]["interaction"] = [{"code": "batch"}]
    scripted_server.answers["GET metadata"] = (200, without)
    findings = run_check(scripted_server)
    assert find_faults(findings) == []
    [strategy_words] = [finding.words for finding in findings if "writes go by" in finding.words]
    assert strategy_words.startswith(
        "writes go by 'put', part by part, the chart as a whole with If-Match (no transaction: "
    )


def test_leaves_the_chart_alone_at_a_server_without_versions(
    scripted_server: ScriptedServer,
) -> None:
    scripted_server.answers["GET metadata"] = (200, capability_statement(versioning="no-version"))
    [strategy_words] = [
        finding.words for finding in run_check(scripted_server) if "writes go by" in finding.words
    ]
    assert strategy_words.startswith("writes go by 'observations', ")
    assert (
        "no transaction: it keeps no versions of Patient, so a write could replace another change"
        in strategy_words
    )


def test_calls_another_fhir_version_a_fault(scripted_server: ScriptedServer) -> None:
    scripted_server.answers["GET metadata"] = (
        200,
        {**capability_statement(), "fhirVersion": "5.0.0"},
    )
    [fault] = find_faults(run_check(scripted_server))
    assert "FHIR 5.0.0; FHIR R4 (4.0.1) is needed" in fault


@pytest.mark.parametrize(
    ("off", "words"), [(-70, "ahead of ours"), (70, "behind ours"), (50, None)]
)
def test_reports_clocks_that_differ_by_over_a_minute(
    scripted_server: ScriptedServer, off: int, words: str | None
) -> None:
    faults = find_faults(
        run_check(scripted_server, clock=lambda: datetime.now(UTC) + timedelta(seconds=off))
    )
    assert faults == [] if words is None else words in faults[0]


def test_reports_a_server_that_sends_no_date(scripted_server: ScriptedServer) -> None:
    scripted_server.headers["Date"] = "today"
    assert "it does not say what time it has" in [
        finding.words for finding in run_check(scripted_server)
    ]


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
            check_clinic(CLINIC, server(scripted_server.base_url), client, lambda: now)
        )
    assert find_faults(findings) == [
        "clinic riverside: it lets us read no expected patient's chart (1 tried)"
    ]
    assert not any("record number" in finding.words for finding in findings)


@pytest.mark.parametrize("kind", [AuthKind.BASIC, AuthKind.BEARER])
def test_reports_an_unreadable_secret_file(
    scripted_server: ScriptedServer, tmp_path: Path, kind: AuthKind
) -> None:
    [fault] = find_faults(
        tuple(
            check_server(
                server(scripted_server.base_url, kind, tmp_path / "none"), site(), system_clock
            )
        )
    )
    assert "cannot be read from" in fault


def test_calls_plain_http_over_a_network_a_fault(
    scripted_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = check_certificate("server main", server("http://ehr.example/fhir"), system_clock())
    assert (finding.verdict, finding.words) == (
        Verdict.WRONG,
        "answers travel to it unencrypted, by plain http",
    )
