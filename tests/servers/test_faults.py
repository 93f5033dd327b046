"""Fault by fault: what becomes of the row, of the server that failed it, and of the chart (FHIR.md, sections 6 and 7)."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from fhir_client.client import Client
from fhir_client.uscore.patient import URLS, elements_of
from intake.answers import Answer, Informant, State
from intake.store import claims, servers, submissions
from intake.store.known import Known
from intake.store.submissions import Status
from intake.store.tables import submissions as table
from tests.faults import (
    Asked,
    after,
    answering,
    at_batch,
    at_transaction,
    cut_short,
    entries_answering,
    lost,
    on_transactions,
    rewritten,
    sent_twice,
)
from tests.outbox import PATIENT, Outbox, effects, put

pytestmark = pytest.mark.server
ONE = {"QuestionnaireResponse": 1, "race": 1, "ethnicity": 1, "spoken-language": 1, "interpreter": 1, "Provenance": 1}
WHITE = {
    "url": URLS["race"],
    "extension": [
        {"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"}},
        {"url": "text", "valueString": "White"},
    ],
}
UNAVAILABLE = answering(503)


class Killed(BaseException):
    """The worker's process ends here."""


def kill(_: Asked) -> None:
    raise Killed


def test_what_was_accepted_stays_accepted_while_the_read_back_fails(outbox: Outbox) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.plan = [at_batch(UNAVAILABLE)]
    outbox.work()
    assert outbox.state(sent) == ("accepted", "http-503")
    outbox.work_until_closed(sent)
    assert (outbox.state(sent)[0], outbox.proxy.transactions(), effects(outbox.real, sent)) == ("verified", 1, ONE)


def earlier(outbox: Outbox) -> Any:
    with outbox.database.read() as tx:
        row = tx.connection.execute(table.select().order_by(table.c.number.desc())).first()
        assert row is not None
        return json.loads(tx.cipher.open(row.earlier, row.id))


@pytest.mark.parametrize("fault", [lost, cut_short])
def test_what_undo_needs_is_known_though_the_answer_was_lost(outbox: Outbox, fault: Any) -> None:
    patient = outbox.patient()
    before = outbox.real.read(patient)
    sent = outbox.submit(patient)
    outbox.proxy.plan = [at_transaction(fault)]
    outbox.work()
    assert outbox.state(sent)[0] == "waiting"
    outbox.work_until_closed(sent)
    held = {"patient": patient, "version": before["meta"]["versionId"], "values": elements_of(before)}
    assert (outbox.state(sent)[0], earlier(outbox)) == ("verified", held)
    assert effects(outbox.real, sent) == ONE
    assert outbox.versions(patient) == 2


@pytest.mark.parametrize("step", ["sending", "accept", "verify"])
def test_a_worker_killed_at_any_step_leaves_one_effect(outbox: Outbox, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    sent = outbox.submit(outbox.patient())
    with monkeypatch.context() as patch:
        patch.setattr(claims, step, lambda *_, **__: kill(_[0]))
        with pytest.raises(Killed):
            outbox.work()
    assert outbox.row(sent).sending
    assert not outbox.work()
    outbox.work_until_closed(sent)
    assert (outbox.state(sent)[0], outbox.proxy.transactions(), effects(outbox.real, sent)) == ("verified", 1, ONE)


def test_a_worker_whose_lease_was_lost_sends_nothing(outbox: Outbox) -> None:
    sent = outbox.submit(outbox.patient())

    def somebody_else_takes_it(_: Asked) -> None:
        outbox.clock.advance(hours=1)
        with outbox.database.write() as tx:
            assert claims.claim(tx, "main", limit=1, lease=timedelta(hours=1))

    outbox.proxy.plan = [after(somebody_else_takes_it)]
    outbox.work()
    assert (outbox.state(sent)[0], outbox.proxy.transactions()) == ("queued", 0)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("503 Service Unavailable", ("accepted", "http-503")),
        ("429", ("accepted", "http-429")),
        ("403", ("accepted", "http-403")),
        ("404", ("held", "mismatch")),
        ("400", ("held", "refused")),
    ],
)
@pytest.mark.parametrize("where", ["Patient/", "Observation?", "Provenance?"])
def test_entries_of_the_read_back_that_fail(outbox: Outbox, status: str, where: str, expected: tuple[str, str]) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.always = entries_answering(status, where)
    outbox.work()
    assert outbox.state(sent) == expected
    outbox.proxy.always = None
    if expected[0] == "accepted":
        outbox.work_until_closed(sent)
        assert outbox.state(sent)[0] == "verified"


def test_a_reference_to_nothing_holds_the_row_or_is_taken(outbox: Outbox, make: str) -> None:
    sent = outbox.submit(outbox.patient(), encounter="Encounter/none-of-this-name")
    outbox.work()
    # HAPI answers 400 and does nothing at all; Medplum takes it.
    assert outbox.state(sent) == (("held", "refused") if make == "hapi" else ("verified", None))
    assert sum(effects(outbox.real, sent).values()) == (0 if make == "hapi" else len(ONE))


def test_a_server_without_history_is_read_back_all_the_same(outbox: Outbox) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.always = entries_answering("405", "_history")
    outbox.work()
    assert outbox.state(sent)[0] == "verified"


def test_a_followed_chart_is_read_back_there_after_a_restart(outbox: Outbox, make: str) -> None:
    patient = outbox.patient()
    # HAPI refuses references to other servers.
    elsewhere = "" if make == "hapi" else "https://other.example/fhir/"
    link = [{"type": "replaced-by", "other": {"reference": f"{elsewhere}{patient}/_history/1"}}]
    sent = outbox.submit(outbox.patient(active=False, link=link))
    outbox.proxy.plan = [at_batch(UNAVAILABLE)]
    outbox.work()
    assert outbox.state(sent)[0] == "accepted"
    outbox.work_until_closed(sent)
    assert outbox.state(sent)[0] == "verified"
    assert elements_of(outbox.real.read(patient))["race"] is not None
    assert earlier(outbox)["patient"] == patient


def test_two_references_to_one_chart_never_go_at_once_and_the_later_word_stands(outbox: Outbox) -> None:
    patient = outbox.patient()
    old = outbox.patient(active=False, link=[{"type": "replaced-by", "other": {"reference": patient}}])
    first, second = outbox.submit(old), outbox.submit(patient, answers={"interpreter": Answer(State.ANSWERED, ("yes",))})
    outbox.work()
    # Which of them comes first is known only when the chart was read, and then the second is on its way already.
    assert [outbox.state(each)[0] for each in (first, second)] == ["queued", "verified"]
    outbox.work_until_closed(first)
    assert outbox.state(first)[0] == "verified"
    # The first declined an interpreter; the second said yes after it.
    assert effects(outbox.real, first) == {**ONE, "interpreter": 0}
    third, fourth = outbox.submit(old), outbox.submit(patient)
    with outbox.database.write() as tx:
        [claimed, _] = claims.claim(tx, "main", limit=2, lease=timedelta(minutes=1))
        assert not claims.follow(tx, claimed, patient)
    outbox.clock.advance(minutes=1)
    outbox.work()
    assert [outbox.state(each)[0] for each in (third, fourth)] == ["verified", "verified"]
    assert outbox.proxy.transactions() == 4


@pytest.mark.parametrize("named", [False, True], ids=["by a number", "by a relative"])
def test_a_chart_replaced_by_one_that_it_does_not_name_is_held(outbox: Outbox, named: bool) -> None:
    relative = outbox.real.create({"resourceType": "RelatedPerson", "patient": {"reference": outbox.patient()}})
    other = {"reference": f"RelatedPerson/{relative['id']}"} if named else {"identifier": {"value": "7"}}
    sent = outbox.submit(outbox.patient(link=[{"type": "replaced-by", "other": other}]))
    outbox.work()
    assert outbox.state(sent) == ("held", "patient")


@pytest.mark.parametrize(("born", "state"), [(date(1980, 2, 29), "verified"), (date(1980, 2, 28), "held")])
def test_another_birth_date_than_the_visits_is_held(outbox: Outbox, born: date, state: str) -> None:
    sent = outbox.submit(outbox.patient(), Known(birth_date=born))
    outbox.work()
    assert outbox.state(sent)[0] == state
    assert outbox.proxy.transactions() == (state == "verified")


def test_what_others_changed_since_the_visit_began_goes_to_a_person(outbox: Outbox) -> None:
    patient = outbox.patient()
    sent = outbox.submit(patient, Known(chart=elements_of(outbox.real.read(patient))))
    outbox.edit(patient, extension=[*PATIENT["extension"], WHITE])
    outbox.work()
    assert outbox.state(sent) == ("held", "chart-changed")
    assert "race" in str(outbox.row(sent).words)


def test_what_we_wrote_ourselves_since_the_visit_began_is_no_change_by_others(outbox: Outbox) -> None:
    patient = outbox.patient()
    known = Known(chart=elements_of(outbox.real.read(patient)))
    first = outbox.submit(patient, known)
    mended = outbox.submit(patient, known, answers={"race-ethnicity": Answer(State.ANSWERED, ("2106-3",))})
    outbox.work()
    outbox.work()
    assert [outbox.state(each)[0] for each in (first, mended)] == ["verified", "verified"]


def test_what_a_walk_in_told_somebody_else_is_not_overwritten(outbox: Outbox) -> None:
    patient = outbox.patient(extension=[*PATIENT["extension"], WHITE])
    told = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "72826-1"}]},
        "subject": {"reference": patient},
        "method": {"coding": [{"code": "self-reported"}]},
    }
    kept = outbox.real.create(told)
    first = outbox.submit(patient)
    outbox.work()
    assert outbox.state(first) == ("held", "chart-changed")
    put(outbox.real, {**kept, "status": "entered-in-error"})
    second = outbox.submit(patient)
    outbox.work()
    assert [outbox.state(each)[0] for each in (first, second)] == ["superseded", "verified"]
    third = outbox.submit(patient, answers={"race-ethnicity": Answer(State.ANSWERED, ("2106-3",))})
    outbox.work()
    assert outbox.state(third)[0] == "verified"


def test_if_match_ignored(outbox: Outbox) -> None:
    patient = outbox.patient()
    sent = outbox.submit(patient)

    def unguarded(entry: dict[str, Any]) -> None:
        entry["request"].pop("ifMatch", None)

    def colleague(_: Asked) -> None:
        outbox.edit(patient, telecom=[*PATIENT["telecom"], {"system": "email", "value": "lan@example.org"}])

    outbox.proxy.plan = [at_transaction(after(colleague, rewritten(unguarded)))]
    outbox.work()
    assert outbox.state(sent) == ("held", "mismatch")
    assert "somebody else's change" in str(outbox.row(sent).words)


def without(url: str) -> Callable[[dict[str, Any]], None]:
    def change(entry: dict[str, Any]) -> None:
        held = entry["resource"].get("extension")
        if held is not None:
            entry["resource"]["extension"] = [each for each in held if each["url"] != url]

    return change


def without_reason(entry: dict[str, Any]) -> None:
    if "dataAbsentReason" in entry["resource"]:
        entry["resource"] = {**entry["resource"], "valueString": "none"}
        del entry["resource"]["dataAbsentReason"]


def named_otherwise(entry: dict[str, Any]) -> None:
    entry["resource"].pop("item", None)


@pytest.mark.parametrize(
    ("change", "element"),
    [(without(URLS["race"]), "Patient race"), (without_reason, "interpreter"), (named_otherwise, "QuestionnaireResponse")],
    ids=["race", "declined", "answers"],
)
def test_declined_accepted_by_the_server_and_silently_not_stored(outbox: Outbox, change: Any, element: str) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.plan = [at_transaction(rewritten(change))]
    outbox.work()
    assert outbox.state(sent) == ("held", "mismatch")
    assert f"{element}. Compare" in str(outbox.row(sent).words)
    with outbox.database.read() as tx:
        assert submissions.detail(tx, str(sent.id))


@pytest.mark.parametrize("fault", [UNAVAILABLE, answering(400), answering(403)], ids=["later", "refused", "forbidden"])
def test_timestamp_of_the_last_good_sync_advancing_on_failure(outbox: Outbox, fault: Any) -> None:
    outbox.work_until_closed(outbox.submit(outbox.patient()))
    good = paused(outbox).last_success
    assert good is not None
    outbox.clock.advance(hours=1)
    sent = outbox.submit(outbox.patient())
    outbox.proxy.always = fault
    outbox.work()
    assert outbox.state(sent)[0] != "verified"
    assert paused(outbox).last_success == good
    outbox.proxy.always = None
    later = outbox.submit(outbox.patient())
    outbox.work_until_closed(later)
    assert paused(outbox).last_success == outbox.row(later).verified_at


def test_a_transaction_that_was_taken_for_a_batch(outbox: Outbox) -> None:
    sent = outbox.submit(outbox.patient())
    stale = {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": {"status": "412 Precondition Failed"}}]}
    outbox.proxy.plan = [at_transaction(answering(200, json.dumps(stale).encode()))]
    outbox.work()
    assert (outbox.state(sent)[0], outbox.proxy.transactions(), effects(outbox.real, sent)) == ("verified", 2, ONE)


def test_a_request_sent_twice_by_a_proxy_leaves_one_provenance(outbox: Outbox) -> None:
    patient = outbox.patient()
    first = outbox.submit(patient)
    outbox.work()
    # The chart says it all already, so nothing guards the second transaction with If-Match.
    again = outbox.submit(patient)
    outbox.proxy.always = on_transactions(sent_twice)
    outbox.work()
    assert [outbox.state(each)[0] for each in (first, again)] == ["verified", "verified"]
    assert effects(outbox.real, again) == effects(outbox.real, first) == ONE


def paused(outbox: Outbox) -> servers.ServerState:
    with outbox.database.read() as tx:
        return servers.state(tx, "main")


@pytest.mark.parametrize("status", [401, 302, 405])
def test_a_server_at_fault_is_paused_and_not_hammered(outbox: Outbox, status: int) -> None:
    sent = [outbox.submit(outbox.patient()) for _ in range(6)]
    outbox.proxy.always = answering(status)
    for _ in range(5):
        outbox.work()
    assert len(outbox.proxy.asked) == 1
    assert paused(outbox).reason == f"http-{status}"
    assert {outbox.state(each)[0] for each in sent} == {"queued"}
    outbox.clock.advance(minutes=1)
    for _ in range(5):
        outbox.work()
    assert len(outbox.proxy.asked) == 2
    outbox.proxy.always = None
    outbox.clock.advance(minutes=2)
    outbox.work()
    assert {outbox.state(each)[0] for each in sent} == {"verified"}
    assert paused(outbox).paused_since is None


def test_a_wrong_base_url_pauses_the_server_and_holds_no_patient(outbox: Outbox) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.always = answering(404)
    outbox.work()
    assert (outbox.state(sent)[0], paused(outbox).reason) == ("queued", "http-404")
    outbox.proxy.always = None
    outbox.work_until_closed(sent)
    assert outbox.state(sent)[0] == "verified"


def test_a_server_that_forbids_one_row_alone_goes_on(outbox: Outbox) -> None:
    secret, others = outbox.patient(), [outbox.patient() for _ in range(3)]
    sent = outbox.submit(secret)
    outbox.proxy.always = lambda asked, forward: answering(403)(asked, forward) if secret in asked.path else forward(asked)
    for _ in range(3):
        outbox.work()
        outbox.clock.advance(minutes=1)
    assert outbox.state(sent) == ("queued", "http-403")
    passing = [outbox.submit(each) for each in others]
    for _ in range(4):
        outbox.work()
        outbox.clock.advance(minutes=1)
    assert {outbox.state(each)[0] for each in passing} == {"verified"}
    assert outbox.state(sent) == ("held", "refused")
    assert paused(outbox).paused_since is None


def test_a_server_that_asks_for_time_gets_it_for_every_row(outbox: Outbox) -> None:
    sent = [outbox.submit(outbox.patient()) for _ in range(6)]
    outbox.proxy.plan = [answering(429, Retry_After="600")]
    outbox.work()
    outbox.clock.advance(minutes=9)
    outbox.work()
    assert (len(outbox.proxy.asked), paused(outbox).paused_since) == (1, None)
    outbox.clock.advance(minutes=1)
    outbox.work()
    assert {outbox.state(each)[0] for each in sent} == {"verified"}


def test_a_row_that_nobody_foresaw_is_held_and_the_others_go_on(outbox: Outbox) -> None:
    odd = b'{"resourceType":"Patient","id":"odd","meta":{"versionId":"1"},"communication":["Spanish"]}'
    sent = [outbox.submit(outbox.patient()) for _ in range(3)]
    outbox.proxy.plan = [answering(200, odd)]
    outbox.work()
    assert [outbox.state(each) for each in sent] == [("held", "fault"), ("verified", None), ("verified", None)]


def test_a_row_that_cannot_be_opened_is_held_and_the_others_go_on(outbox: Outbox) -> None:
    sent = [outbox.submit(outbox.patient()) for _ in range(2)]
    with outbox.database.write() as tx:
        mine = table.c.id == str(sent[0].id)
        tx.connection.execute(table.update().where(mine).values(payload=tx.cipher.seal(b"{}", "another row")))
    outbox.work()
    assert [outbox.state(each)[0] for each in sent] == ["held", "verified"]
    assert outbox.state(sent[0])[1] == "unreadable"


def test_a_held_row_that_was_sent_is_looked_up_before_it_is_sent_again(outbox: Outbox) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.plan = [at_transaction(lost), answering(400)]
    outbox.work()
    outbox.clock.advance(minutes=1)
    outbox.work()
    assert outbox.state(sent) == ("held", "refused")
    with outbox.database.write() as tx:
        assert submissions.retry(tx, str(sent.id))
    outbox.work()
    assert (outbox.state(sent)[0], outbox.proxy.transactions(), effects(outbox.real, sent)) == ("verified", 1, ONE)


def test_a_later_answer_takes_over_from_a_held_one_and_the_rest_stays_held(outbox: Outbox) -> None:
    patient = outbox.patient()
    first = outbox.submit(patient)
    outbox.proxy.plan = [at_transaction(answering(422))]
    outbox.work()
    assert outbox.state(first) == ("held", "refused")
    second = outbox.submit(patient, answers={"race-ethnicity": Answer(State.ANSWERED, ("2106-3",))})
    outbox.work()
    assert [outbox.state(each)[0] for each in (first, second)] == ["held", "verified"]
    with outbox.database.write() as tx:
        submissions.retry(tx, str(first.id))
    outbox.work()
    assert outbox.state(first)[0] == "verified"
    chart = elements_of(outbox.real.read(patient))
    assert [part["valueCoding"]["code"] for part in chart["race"]["extension"][:-1]] == ["2106-3"]
    assert effects(outbox.real, first) == {**ONE, "race": 0, "ethnicity": 0}
    assert [each.get("preferred", False) for each in chart["communication"]] == [False, True, False]


def test_a_held_one_of_which_nothing_is_left_is_superseded_and_its_answers_go(outbox: Outbox) -> None:
    patient = outbox.patient()
    first = outbox.submit(patient)
    outbox.proxy.plan = [at_transaction(answering(422))]
    outbox.work()
    second = outbox.submit(patient, informant=Informant.GUARDIAN)
    outbox.work()
    assert [outbox.state(each)[0] for each in (first, second)] == ["superseded", "verified"]
    with outbox.database.read() as tx:
        row = tx.connection.execute(table.select().where(table.c.id == str(first.id))).one()
    assert (row.payload, row.detail) == (None, None)


def test_a_row_that_the_server_fails_for_a_day_while_others_pass_is_held(outbox: Outbox) -> None:
    bad = outbox.patient()
    outbox.proxy.always = answering(503)
    sent = outbox.submit(bad)
    outbox.clock.advance(days=3)
    outbox.work()
    assert outbox.state(sent) == ("waiting", "http-503")
    outbox.proxy.always = lambda asked, forward: answering(500)(asked, forward) if bad in asked.path else forward(asked)
    for _ in range(3):
        outbox.clock.advance(hours=9)
        outbox.submit(outbox.patient())
        outbox.work()
    assert outbox.state(sent) == ("held", "fails-alone")


def test_a_conflict_in_every_try_waits_and_is_tried_again(outbox: Outbox) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.plan = [at_transaction(answering(412))] * 3
    outbox.work()
    assert outbox.state(sent) == ("waiting", "http-409")
    outbox.work_until_closed(sent)
    assert (outbox.state(sent)[0], effects(outbox.real, sent)) == ("verified", ONE)


def test_the_rest_of_a_batch_goes_back_when_the_worker_is_told_to_stop(outbox: Outbox, client: Client) -> None:
    from threading import Event

    from intake.sync.worker import drain

    sent = [outbox.submit(outbox.patient()) for _ in range(3)]
    stop = Event()
    outbox.proxy.plan = [after(lambda _: stop.set())]
    drain(outbox.settings, outbox.server, outbox.database, outbox.clock, lambda: 0.5, stop)
    assert [outbox.row(each).status for each in sent] == [Status.VERIFIED, Status.QUEUED, Status.QUEUED]
    assert not any(outbox.row(each).sending for each in sent)
