"""What `intake check` finds at a FHIR server: every fault in words with its way out, and never a patient."""

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
from intake.settings import Auth, AuthKind, Clinic, Server, Settings, load_settings
from tests.diagnostics.conftest import Scripted

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


def statement(**changes: Any) -> dict[str, Any]:
    """A CapabilityStatement of a server that has everything; changes go to its `rest` and to each kind."""
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
    return replace(load_settings(), clinics={each.id: each for each in clinics})


@pytest.fixture
def good(scripted: Scripted) -> Scripted:
    """A server at which nothing is wrong."""
    scripted.answers |= {
        "GET metadata": (200, statement()),
        "GET QuestionnaireResponse": (200, NOTHING),
        "GET Appointment": (200, NOTHING),
        "GET Organization": (200, {"resourceType": "Organization", "id": "1"}),
        "POST": (200, BATCH),
    }
    return scripted


def found(
    script: Scripted, clinic: Clinic = CLINIC, clock: Clock = system_clock
) -> tuple[Finding, ...]:
    return tuple(check_server(server(script.base_url), site(clinic), clock))


def faults(findings: tuple[Finding, ...]) -> list[str]:
    wrong = [each for each in findings if each.verdict is Verdict.WRONG]
    assert all(each.way_out for each in wrong)
    return [f"{each.about}: {each.words}" for each in wrong]


def test_a_good_server_has_no_fault_and_what_cannot_be_known_is_not_called_good(
    good: Scripted,
) -> None:
    findings = found(good)
    assert faults(findings) == []
    open_ends = [each.words for each in findings if each.verdict is Verdict.UNKNOWN]
    assert [words.split(" is ")[0].split(",")[0] for words in open_ends] == [
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
def test_where_there_is_no_way_in_the_reason_is_said(
    good: Scripted, answer: tuple[int, Any], words: str
) -> None:
    good.answers["GET metadata"] = answer
    findings = found(good)
    assert faults(findings) == [f"server main: {good.base_url}: {words}"]
    assert (findings[-1].about, findings[-1].verdict) == ("clinic riverside", Verdict.UNKNOWN)


def test_a_server_that_is_not_there(good: Scripted) -> None:
    [fault] = faults(tuple(check_server(server("http://127.0.0.1:9/fhir"), site(), system_clock)))
    assert fault == "server main: http://127.0.0.1:9/fhir: The server cannot be reached."


def test_metadata_is_open_but_the_rest_is_not(good: Scripted) -> None:
    good.answers["GET QuestionnaireResponse"] = (401, b"")
    [fault] = faults(found(good))
    assert "401: it does not let us in" in fault


def test_a_scope_that_is_missing_is_told_apart(good: Scripted) -> None:
    good.answers["GET Patient"] = (403, b"")
    [fault] = faults(found(good))
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
            "it answers for a patient that nobody is",
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
def test_what_the_worker_needs_is_asked_as_the_worker_asks_it(
    good: Scripted, method: str, answer: tuple[int, Any], words: str
) -> None:
    good.answers[method] = answer
    findings = found(good)
    assert words in " ".join(faults(findings))
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
def test_an_ability_that_is_missing_is_a_fault(
    good: Scripted, changes: dict[str, Any], words: str
) -> None:
    good.answers["GET metadata"] = (200, statement(**changes))
    assert words in " ".join(faults(found(good)))


def test_a_server_where_an_undo_has_to_be_done_by_hand_is_no_fault_but_said(good: Scripted) -> None:
    held = statement()
    for each in held["rest"][0]["resource"]:
        each["interaction"] = [
            code
            for code in each["interaction"]
            if each["type"] == "Patient" or code["code"] != "update"
        ]
    good.answers["GET metadata"] = (200, held)
    findings = found(good)
    assert faults(findings) == []
    assert (
        "it does not offer QuestionnaireResponse update, Observation update: what an undo cannot mark"
        in str(findings)
    )


def test_what_could_never_be_found_again_is_not_written(good: Scripted) -> None:
    good.answers["GET metadata"] = (200, statement(searchParam=[{"name": "date"}]))
    said = " ".join(each.words for each in found(good))
    assert (
        "without QuestionnaireResponse: it does not search QuestionnaireResponse by identifier or patient"
        in said
    )


def test_what_is_looked_for_among_the_patients_is_said(good: Scripted) -> None:
    good.answers["GET metadata"] = (
        200,
        statement(searchParam=[{"name": each} for each in ("date", "patient", "target")]),
    )
    findings = found(good)
    assert faults(findings) == []
    assert (
        "it searches QuestionnaireResponse?patient, Observation?patient, Provenance?target"
        in str(findings)
    )


def test_an_ability_that_is_not_mentioned_is_not_known(good: Scripted) -> None:
    bare = {**statement(), "rest": [{"mode": "server", "interaction": [{"code": "transaction"}]}]}
    good.answers["GET metadata"] = (200, bare)
    findings = found(good)
    assert faults(findings) == []
    assert sum(each.verdict is Verdict.UNKNOWN for each in findings) == 6


def test_without_transactions_the_next_rung_is_named_with_the_reason(good: Scripted) -> None:
    without = statement()
    without["rest"][0]["interaction"] = [{"code": "batch"}]
    good.answers["GET metadata"] = (200, without)
    findings = found(good)
    assert faults(findings) == []
    [rung] = [each.words for each in findings if "writes go by" in each.words]
    assert rung.startswith(
        "writes go by 'put', part by part, the chart as a whole with If-Match (no transaction: "
    )


def test_a_server_without_versions_is_not_overwritten_and_the_reason_is_said(
    good: Scripted,
) -> None:
    good.answers["GET metadata"] = (200, statement(versioning="no-version"))
    [rung] = [each.words for each in found(good) if "writes go by" in each.words]
    assert rung.startswith("writes go by 'observations', ")
    assert (
        "no transaction: it keeps no versions of Patient, so a write could replace another change"
        in rung
    )


def test_another_fhir_version_is_a_fault(good: Scripted) -> None:
    good.answers["GET metadata"] = (200, {**statement(), "fhirVersion": "5.0.0"})
    [fault] = faults(found(good))
    assert "FHIR 5.0.0; FHIR R4 (4.0.1) is needed" in fault


@pytest.mark.parametrize(
    ("off", "words"), [(-70, "ahead of ours"), (70, "behind ours"), (50, None)]
)
def test_clocks_that_are_a_minute_apart(good: Scripted, off: int, words: str | None) -> None:
    said = faults(found(good, clock=lambda: datetime.now(UTC) + timedelta(seconds=off)))
    assert said == [] if words is None else words in said[0]


def test_a_server_without_a_clock(good: Scripted) -> None:
    good.headers["Date"] = "today"
    assert "it does not say what time it has" in [each.words for each in found(good)]


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
def test_a_clinic_that_the_server_does_not_know(
    good: Scripted, organization: str, answer: tuple[int, Any], words: str
) -> None:
    good.answers["GET Organization"] = answer
    assert words in " ".join(faults(found(good, replace(CLINIC, organization=organization))))


def test_a_location_that_the_schedule_cannot_match(good: Scripted) -> None:
    good.answers["GET Location"] = (
        200,
        {**NOTHING, "entry": [{"resource": {"resourceType": "Location", "id": "7"}}]},
    )
    findings = found(good, replace(CLINIC, locations=("urn:oid:1|2",)))
    [fault] = [each for each in findings if each.verdict is Verdict.WRONG]
    assert fault.way_out == "Name Location/7 in locations of [riverside] in clinics.toml."


def appointment(now: datetime) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "id": "1",
        "status": "booked",
        "start": (now + timedelta(seconds=1)).isoformat(),
        "participant": [{"actor": {"reference": "Patient/Ana-Lopez", "display": "Ana Lopez"}}],
    }


def test_the_schedule_is_counted_and_nobody_named(good: Scripted) -> None:
    now = system_clock()
    good.answers["GET Appointment"] = (200, {**NOTHING, "entry": [{"resource": appointment(now)}]})
    findings = found(good, clock=lambda: now)
    assert findings[-1].words == "the schedule can be searched: 1 appointments today and tomorrow"
    assert "Lopez" not in str(findings)


def test_a_server_that_lets_us_read_nobodys_chart_is_no_server_without_record_numbers(
    good: Scripted,
) -> None:
    now = system_clock()
    good.answers["GET Appointment"] = (200, {**NOTHING, "entry": [{"resource": appointment(now)}]})
    good.answers["GET Patient"] = (403, b"")
    with FhirClient(good.base_url) as client:
        findings = tuple(check_clinic(CLINIC, server(good.base_url), client, lambda: now))
    assert faults(findings) == [
        "clinic riverside: it lets us read the chart of nobody who is expected (of 1 looked at)"
    ]
    assert not any("record number" in each.words for each in findings)


@pytest.mark.parametrize("kind", [AuthKind.BASIC, AuthKind.BEARER])
def test_a_secret_that_cannot_be_read_is_a_fault_and_is_not_told(
    good: Scripted, tmp_path: Path, kind: AuthKind
) -> None:
    [fault] = faults(
        tuple(check_server(server(good.base_url, kind, tmp_path / "none"), site(), system_clock))
    )
    assert "cannot be read from" in fault


def test_plain_http_over_a_network_is_a_fault(
    good: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    from intake.diagnostics.servers import check_certificate

    finding = check_certificate("server main", server("http://ehr.example/fhir"), system_clock())
    assert (finding.verdict, finding.words) == (
        Verdict.WRONG,
        "answers travel to it unencrypted, by plain http",
    )
