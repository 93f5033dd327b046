"""`intake check` names every fault of a FHIR server with its remedy, and never a patient."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intake.clock import system_clock
from intake.diagnostics.check import check_server
from intake.diagnostics.findings import Verdict
from intake.diagnostics.servers import check_certificate
from intake.settings import AuthKind
from tests.support.scripted_server import ScriptedServer
from tests.support.server_checks import (
    BATCH,
    NOTHING,
    PAGE,
    capability_statement,
    configure_server,
    configure_site,
    find_faults,
    run_check,
)


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


def test_reports_a_server_that_cannot_be_reached(scripted_server: ScriptedServer) -> None:
    [fault] = find_faults(
        tuple(
            check_server(
                configure_server("http://127.0.0.1:9/fhir"), configure_site(), system_clock
            )
        )
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


@pytest.mark.parametrize("kind", [AuthKind.BASIC, AuthKind.BEARER])
def test_reports_an_unreadable_secret_file(
    scripted_server: ScriptedServer, tmp_path: Path, kind: AuthKind
) -> None:
    [fault] = find_faults(
        tuple(
            check_server(
                configure_server(scripted_server.base_url, kind, tmp_path / "none"),
                configure_site(),
                system_clock,
            )
        )
    )
    assert "cannot be read from" in fault


def test_calls_plain_http_over_a_network_a_fault(
    scripted_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = check_certificate(
        "server main", configure_server("http://ehr.example/fhir"), system_clock()
    )
    assert (finding.verdict, finding.words) == (
        Verdict.WRONG,
        "answers travel to it unencrypted, by plain http",
    )
