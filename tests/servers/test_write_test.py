"""The write test proves a strategy, cleans up, and pins what passed."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fhir_client.uscore.chart import chart_elements
from intake.cli import main
from intake.store import strategies
from tests.servers.partial_servers import is_write, offer_strategy
from tests.support.fault_proxy import Fault, Forward, ProxyRequest, ProxyResponse, lose_response
from tests.support.outbox import Outbox, chart_of_others

pytestmark = pytest.mark.server
KINDS = ("QuestionnaireResponse", "Observation", "Provenance", "DocumentReference")

Checked = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def site(ladder: Outbox, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """An outbox without a pin, whose folder the commands can use."""
    monkeypatch.setenv("INTAKE_CONFIG", str(ladder.settings.directory))
    return ladder


@pytest.fixture
def check(site: Outbox, capsys: pytest.CaptureFixture[str]) -> Checked:
    """Run `intake check --json` and return its findings about the server."""

    def checked(*words: str) -> list[tuple[str, str]]:
        capsys.readouterr()
        main(["check", "--json", *words])
        findings = json.loads(capsys.readouterr().out)["findings"]
        return [
            (finding["verdict"], finding["words"])
            for finding in findings
            if finding["about"] == "server main"
        ]

    return checked


def name_test_patient(site: Outbox, patient: str) -> None:
    """Name the test patient in the site's settings."""
    assert site.settings.directory is not None
    path = site.settings.directory / "intake.toml"
    path.write_text(f'{path.read_text("utf-8")}\ntest_patient = "{patient}"\n', "utf-8")


def read_resources(site: Outbox, patient: str) -> list[dict[str, Any]]:
    """Return what the server holds of the patient, beside the chart."""
    resources = [
        resource
        for kind in KINDS[:2]
        for resource in site.direct_client.search(kind, {"subject": patient})
    ]
    resources += site.direct_client.search("DocumentReference", {"subject": patient})
    return resources + list(site.direct_client.search("Provenance", {"target": patient}))


def read_pin(site: Outbox) -> strategies.PinnedStrategy:
    with site.database.read() as tx:
        pin = strategies.read_pinned(tx, "main")
    assert pin is not None
    return pin


@pytest.mark.parametrize(
    "rung", ["patch", "put", "observations", "questionnaire-response", "document", "transaction"]
)
def test_a_strategy_that_passed_is_pinned_and_its_traces_are_removed(
    site: Outbox, check: Checked, rung: str
) -> None:
    patient, other = site.create_patient(), site.create_patient()
    before, others = site.direct_client.read(patient), site.direct_client.read(other)
    name_test_patient(site, patient)
    site.proxy.default_fault = None if rung == "transaction" else offer_strategy(rung)
    words = check("--write-test")
    assert (
        "good",
        f"a write test to {patient} by '{rung}' went through: written, read back, ",
    ) in [(verdict, finding_words.split("removed")[0]) for verdict, finding_words in words]
    after = site.direct_client.read(patient)
    assert (chart_elements(after), chart_of_others(after)) == (
        chart_elements(before),
        chart_of_others(before),
    )
    assert all(
        resource["status"] == "entered-in-error" for resource in read_resources(site, patient)
    )
    assert site.direct_client.read(other) == others
    assert not read_resources(site, other)
    assert (read_pin(site).strategy.kind, read_pin(site).proven_at is not None) == (rung, True)
    assert any(
        f"a write test by '{rung}' went through at" in finding_words for _, finding_words in check()
    )


def test_traces_are_deleted_or_else_marked_in_error(site: Outbox, check: Checked) -> None:
    patient = site.create_patient()
    name_test_patient(site, patient)
    site.proxy.default_fault = offer_strategy("put")
    check("--write-test")
    assert read_resources(site, patient) == []
    site.proxy.default_fault = offer_strategy("observations")
    words = check("--pin", "--write-test")
    marked = [
        finding_words
        for _, finding_words in words
        if finding_words.startswith("marked as entered in error")
    ]
    assert len(marked) == 1
    assert {resource["status"] for resource in read_resources(site, patient)} == {
        "entered-in-error"
    }


def test_a_promised_strategy_that_is_refused_leads_to_the_next(
    site: Outbox, check: Checked
) -> None:
    patient = site.create_patient()
    name_test_patient(site, patient)

    def no_transactions(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        return ProxyResponse(501, {}, b"") if request.is_transaction else forward(request)

    site.proxy.default_fault = no_transactions
    words = check("--write-test")
    [wrong_words] = [finding_words for verdict, finding_words in words if verdict == "wrong"]
    assert wrong_words.startswith(
        f"a write test to {patient} by 'transaction': The server answered 501: it cannot do this;"
    )
    assert read_pin(site).strategy.kind == "patch"
    assert read_pin(site).strategy.reasons == ("no transaction: a write test by it failed",)
    assert read_resources(site, patient) == []


def test_a_lost_answer_leaves_nothing_either(site: Outbox, check: Checked) -> None:
    patient = site.create_patient()
    before = site.direct_client.read(patient)
    name_test_patient(site, patient)

    def lost_transactions(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        return (
            lose_response(request, forward)
            if request.is_transaction and b'"method":"POST"' in request.body
            else forward(request)
        )

    site.proxy.default_fault = lost_transactions
    words = check("--write-test")
    assert any(
        finding_words.startswith(f"a write test to {patient} by 'transaction': ")
        for verdict, finding_words in words
        if verdict == "wrong"
    )
    assert read_resources(site, patient) == []
    assert chart_elements(site.direct_client.read(patient)) == chart_elements(before)
    with site.database.read() as tx:
        assert strategies.read_pinned(tx, "main") is None


def test_a_server_that_drops_values_does_not_pass(site: Outbox, check: Checked) -> None:
    patient = site.create_patient()
    name_test_patient(site, patient)
    only = offer_strategy("put")

    def dropping(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        if request.method != "PUT" or b'"resourceType":"Patient"' not in request.body:
            return only(request, forward)
        resource = json.loads(request.body)
        resource.pop("communication", None)
        return forward(replace(request, body=json.dumps(resource).encode()))

    site.proxy.default_fault = dropping
    words = check("--write-test")
    assert any(
        "but the read-back differs: Patient spoken-language" in finding_words
        for verdict, finding_words in words
        if verdict == "wrong"
    )
    assert read_pin(site).strategy.kind == "observations"


@pytest.mark.parametrize("changes", [{"link": "other"}, {"active": False}])
def test_a_patient_who_may_be_somebody_else_is_never_written_to(
    site: Outbox, check: Checked, changes: dict[str, Any]
) -> None:
    other = site.create_patient()
    if "link" in changes:
        changes = {"link": [{"type": "replaced-by", "other": {"reference": other}}]}
    patient = site.create_patient(**changes)
    name_test_patient(site, patient)
    words = check("--write-test")
    assert ("wrong", f"no write test: {patient} is inactive, or linked to another chart") in words
    assert not any(map(is_a_write, site.proxy.requests))


@pytest.mark.parametrize(
    ("named", "why"),
    [("", "the site names no test patient"), ("Patient/none", "the server has no Patient/none")],
)
def test_without_a_test_patient_nothing_is_written(
    site: Outbox, check: Checked, named: str, why: str
) -> None:
    if named:
        name_test_patient(site, named)
    assert ("wrong", f"no write test: {why}") in check("--write-test")
    assert not any(map(is_a_write, site.proxy.requests))


def is_a_write(request: ProxyRequest) -> bool:
    return is_write(request) or request.is_transaction


def test_a_pin_stays_until_a_new_test_and_what_speaks_against_it_is_named(
    site: Outbox, check: Checked
) -> None:
    fault: Fault = offer_strategy("put")
    site.proxy.default_fault = fault
    check("--pin")
    since = read_pin(site)
    assert since.strategy.kind == "put"
    site.proxy.default_fault = None
    assert any(
        "a new negotiation would choose 'transaction'" in finding_words
        for verdict, finding_words in check()
        if verdict == "not known"
    )
    assert read_pin(site) == since
    site.proxy.default_fault = offer_strategy("observations")
    assert any(
        "it does not offer what is pinned; it now offers 'observations'" in finding_words
        for _, finding_words in check()
    )
    assert read_pin(site) == since
    check("--pin")
    assert read_pin(site).strategy.kind == "observations"


@pytest.mark.parametrize("rung", ["patch", "put", "transaction"])
@pytest.mark.parametrize("heeds", [True, False])
def test_a_stale_update_proves_whether_the_server_heeds_if_match(
    site: Outbox, check: Checked, rung: str, heeds: bool
) -> None:
    patient = site.create_patient()
    before = site.direct_client.read(patient)
    name_test_patient(site, patient)
    offered = None if rung == "transaction" else offer_strategy(rung)
    site.proxy.default_fault = offered if heeds else without_if_match(offered)
    words = check("--write-test")
    stale = f"{patient} with a stale If-Match"
    findings = [(verdict, text.split(", so")[0]) for verdict, text in words if stale in text]
    expected = "it refused an update of" if heeds else "it took an update of"
    assert findings == [("good" if heeds else "wrong", f"{expected} {stale}")]
    assert not any("promise to honour" in text for _, text in words)
    after = site.direct_client.read(patient)
    assert chart_elements(after) == chart_elements(before)


def without_if_match(offered: Fault | None) -> Fault:
    """Return the fault of a server that ignores If-Match."""

    def fault(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        headers = {
            name: value for name, value in request.headers.items() if name.lower() != "if-match"
        }
        body = request.body
        if request.is_transaction:
            bundle = json.loads(body)
            for entry in bundle["entry"]:
                entry["request"].pop("ifMatch", None)
            body = json.dumps(bundle).encode()
        careless = replace(request, headers=headers, body=body)
        return forward(careless) if offered is None else offered(careless, forward)

    return fault
