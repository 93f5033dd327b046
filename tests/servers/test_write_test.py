"""The write test: it proves a rung at the one patient that the site names, leaves nothing there, and pins what went through."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fhir_client.uscore.patient import elements_of
from intake.cli import main
from intake.store import strategies
from tests.faults import Answered, Asked, Fault, Forward, lost
from tests.outbox import Outbox, rest_of

from .offers import is_write, offering

pytestmark = pytest.mark.server
KINDS = ("QuestionnaireResponse", "Observation", "Provenance", "DocumentReference")

Checked = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def site(ladder: Outbox, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """An outbox of which nothing is pinned, and whose folder commands work with."""
    monkeypatch.setenv("INTAKE_CONFIG", str(ladder.settings.directory))
    return ladder


@pytest.fixture
def check(site: Outbox, capsys: pytest.CaptureFixture[str]) -> Checked:
    """Runs `intake check --json` with further words, and returns what it says of the server."""

    def checked(*words: str) -> list[tuple[str, str]]:
        capsys.readouterr()
        main(["check", "--json", *words])
        found = json.loads(capsys.readouterr().out)["findings"]
        return [
            (each["verdict"], each["words"]) for each in found if each["about"] == "server main"
        ]

    return checked


def name(site: Outbox, patient: str) -> None:
    """Name the test patient in the site's settings."""
    assert site.settings.directory is not None
    path = site.settings.directory / "intake.toml"
    path.write_text(f'{path.read_text("utf-8")}\ntest_patient = "{patient}"\n', "utf-8")


def left(site: Outbox, patient: str) -> list[dict[str, Any]]:
    """What the server holds of the patient, beside the chart."""
    found = [each for kind in KINDS[:2] for each in site.real.search(kind, {"subject": patient})]
    found += site.real.search("DocumentReference", {"subject": patient})
    return found + list(site.real.search("Provenance", {"target": patient}))


def pinned(site: Outbox) -> strategies.Pinned:
    with site.database.read() as tx:
        found = strategies.pinned(tx, "main")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "rung", ["patch", "put", "observations", "questionnaire-response", "document", "transaction"]
)
def test_what_went_through_is_pinned_and_what_was_written_is_taken_away(
    site: Outbox, check: Checked, rung: str
) -> None:
    patient, other = site.patient(), site.patient()
    before, others = site.real.read(patient), site.real.read(other)
    name(site, patient)
    site.proxy.always = None if rung == "transaction" else offering(rung)
    words = check("--write-test")
    assert (
        "good",
        f"a write test to {patient} by '{rung}' went through: written, read back, ",
    ) in [(verdict, said.split("taken away")[0]) for verdict, said in words]
    after = site.real.read(patient)
    assert (elements_of(after), rest_of(after)) == (elements_of(before), rest_of(before))
    assert all(each["status"] == "entered-in-error" for each in left(site, patient))
    assert site.real.read(other) == others
    assert not left(site, other)
    assert (pinned(site).way.rung, pinned(site).proven_at is not None) == (rung, True)
    assert any(f"a write test by '{rung}' went through at" in said for _, said in check())


def test_where_it_may_delete_nothing_is_left_and_where_it_may_not_it_is_marked(
    site: Outbox, check: Checked
) -> None:
    patient = site.patient()
    name(site, patient)
    site.proxy.always = offering("put")
    check("--write-test")
    assert left(site, patient) == []
    site.proxy.always = offering("observations")
    words = check("--pin", "--write-test")
    marked = [said for _, said in words if said.startswith("marked as entered in error")]
    assert len(marked) == 1
    assert {each["status"] for each in left(site, patient)} == {"entered-in-error"}


def test_a_rung_that_is_promised_and_refused_leads_on_to_the_next(
    site: Outbox, check: Checked
) -> None:
    patient = site.patient()
    name(site, patient)

    def no_transactions(asked: Asked, forward: Forward) -> Answered | None:
        return Answered(501, {}, b"") if asked.is_transaction else forward(asked)

    site.proxy.always = no_transactions
    words = check("--write-test")
    [told] = [said for verdict, said in words if verdict == "wrong"]
    assert told.startswith(
        f"a write test to {patient} by 'transaction': The server answered 501: it cannot do this;"
    )
    assert pinned(site).way.rung == "patch"
    assert pinned(site).way.reasons == ("no transaction: a write test by it failed",)
    assert left(site, patient) == []


def test_an_answer_that_was_lost_leaves_nothing_either(site: Outbox, check: Checked) -> None:
    patient = site.patient()
    before = site.real.read(patient)
    name(site, patient)

    def lost_transactions(asked: Asked, forward: Forward) -> Answered | None:
        return (
            lost(asked, forward)
            if asked.is_transaction and b'"method":"POST"' in asked.body
            else forward(asked)
        )

    site.proxy.always = lost_transactions
    words = check("--write-test")
    assert any(
        said.startswith(f"a write test to {patient} by 'transaction': ")
        for verdict, said in words
        if verdict == "wrong"
    )
    assert left(site, patient) == []
    assert elements_of(site.real.read(patient)) == elements_of(before)
    with site.database.read() as tx:
        assert strategies.pinned(tx, "main") is None


def test_a_server_that_drops_what_it_takes_is_no_server_that_passed(
    site: Outbox, check: Checked
) -> None:
    patient = site.patient()
    name(site, patient)
    only = offering("put")

    def dropping(asked: Asked, forward: Forward) -> Answered | None:
        if asked.method != "PUT" or b'"resourceType":"Patient"' not in asked.body:
            return only(asked, forward)
        held = json.loads(asked.body)
        held.pop("communication", None)
        return forward(replace(asked, body=json.dumps(held).encode()))

    site.proxy.always = dropping
    words = check("--write-test")
    assert any(
        "does not read back the same: Patient spoken-language" in said
        for verdict, said in words
        if verdict == "wrong"
    )
    assert pinned(site).way.rung == "observations"


@pytest.mark.parametrize("changes", [{"link": "other"}, {"active": False}])
def test_a_patient_that_may_be_somebody_else_is_never_written_to(
    site: Outbox, check: Checked, changes: dict[str, Any]
) -> None:
    other = site.patient()
    if "link" in changes:
        changes = {"link": [{"type": "replaced-by", "other": {"reference": other}}]}
    patient = site.patient(**changes)
    name(site, patient)
    words = check("--write-test")
    assert ("wrong", f"no write test: {patient} is inactive, or linked to another chart") in words
    assert not any(map(is_a_write, site.proxy.asked))


@pytest.mark.parametrize(
    ("named", "why"),
    [("", "the site names no test patient"), ("Patient/none", "the server has no Patient/none")],
)
def test_without_a_test_patient_nothing_is_written(
    site: Outbox, check: Checked, named: str, why: str
) -> None:
    if named:
        name(site, named)
    assert ("wrong", f"no write test: {why}") in check("--write-test")
    assert not any(map(is_a_write, site.proxy.asked))


def is_a_write(asked: Asked) -> bool:
    return is_write(asked) or asked.is_transaction


def test_a_pin_stays_until_it_is_asked_for_anew_and_what_speaks_against_it_is_said(
    site: Outbox, check: Checked
) -> None:
    fault: Fault = offering("put")
    site.proxy.always = fault
    check("--pin")
    since = pinned(site)
    assert since.way.rung == "put"
    site.proxy.always = None
    assert any(
        "found anew, it would be 'transaction'" in said
        for verdict, said in check()
        if verdict == "not known"
    )
    assert pinned(site) == since
    site.proxy.always = offering("observations")
    assert any(
        "it does not offer what is pinned; by what it says now, 'observations' is left" in said
        for _, said in check()
    )
    assert pinned(site) == since
    check("--pin")
    assert pinned(site).way.rung == "observations"
