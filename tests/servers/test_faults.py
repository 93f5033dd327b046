"""Fault by fault: a row is sent once, accepted once and verified once (FHIR.md, section 6)."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from intake.store import claims, submissions
from intake.store.earlier import Sent
from intake.sync.written import read
from tests.faults import (
    Answered,
    Asked,
    Forward,
    after,
    answering,
    at_batch,
    at_transaction,
    cut_short,
    entries_answering,
    lost,
    nothing_found,
    on_transactions,
    sent_twice,
)
from tests.outbox import ONE, Outbox, effects
from tests.servers.test_charts import earlier

pytestmark = pytest.mark.server
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
    assert (outbox.state(sent)[0], outbox.proxy.transactions(), effects(outbox.real, sent)) == (
        "verified",
        1,
        ONE,
    )


@pytest.mark.parametrize("fault", [lost, cut_short])
def test_what_undo_needs_is_known_though_the_answer_was_lost(outbox: Outbox, fault: Any) -> None:
    patient = outbox.patient()
    before = outbox.real.read(patient)
    sent = outbox.submit(patient)
    outbox.proxy.plan = [at_transaction(fault)]
    outbox.work()
    assert outbox.state(sent)[0] == "waiting"
    outbox.work_until_closed(sent)
    kept = earlier(outbox)
    assert (outbox.state(sent)[0], kept.sent) == (
        "verified",
        Sent(patient, before["meta"]["versionId"]),
    )
    were = {part.element: tuple(each.before for each in part.swaps) for part in read(kept).parts}
    assert were == {
        "race": (None,),
        "ethnicity": (None,),
        "communication": (before["communication"][0], None, None),
    }
    assert effects(outbox.real, sent) == ONE
    assert outbox.versions(patient) == 2


@pytest.mark.parametrize("step", ["sending", "accept", "verify"])
def test_a_worker_killed_at_any_step_leaves_one_effect(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    sent = outbox.submit(outbox.patient())
    with monkeypatch.context() as patch:
        patch.setattr(claims, step, lambda *_, **__: kill(_[0]))
        with pytest.raises(Killed):
            outbox.work()
    assert outbox.row(sent).sending
    assert not outbox.work()
    outbox.work_until_closed(sent)
    assert (outbox.state(sent)[0], outbox.proxy.transactions(), effects(outbox.real, sent)) == (
        "verified",
        1,
        ONE,
    )


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
        ("400", ("held", "refused")),
    ],
)
@pytest.mark.parametrize("where", ["Patient/", "Observation?", "Provenance?"])
def test_entries_of_the_read_back_that_fail(
    outbox: Outbox, status: str, where: str, expected: tuple[str, str]
) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.always = entries_answering(status, where)
    outbox.work()
    assert outbox.state(sent) == expected
    outbox.proxy.always = None
    if expected[0] == "accepted":
        outbox.work_until_closed(sent)
        assert outbox.state(sent)[0] == "verified"


def test_a_chart_that_the_read_back_does_not_find_is_looked_at_by_a_person(outbox: Outbox) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.always = entries_answering("404", "Patient/")
    outbox.work()
    assert outbox.state(sent) == ("held", "mismatch")


@pytest.mark.parametrize("where", ["Observation?", "Provenance?"])
@pytest.mark.parametrize("comes", [True, False])
def test_what_a_search_does_not_find_yet_is_looked_for_again_and_missing_in_the_end(
    outbox: Outbox, where: str, comes: bool
) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.always = entries_answering("404", where)
    outbox.work()
    assert outbox.state(sent) == ("accepted", "not-shown")
    outbox.proxy.always = None if comes else outbox.proxy.always
    outbox.work_until_closed(sent)
    assert outbox.state(sent) == (("verified", None) if comes else ("held", "mismatch"))
    row = outbox.row(sent)
    assert (
        row.held_at is None
        or row.accepted_at is None
        or row.held_at - row.accepted_at >= timedelta(minutes=10)
    )
    assert effects(outbox.real, sent) == ONE


def test_nothing_is_sent_again_while_a_search_may_not_show_it_yet(outbox: Outbox) -> None:
    """Such as AWS HealthLake's, whose index is behind: what is looked up too early is not found, and would be there twice."""
    slow = {
        "generic": replace(
            outbox.settings.quirks["generic"], search_lag_seconds=120, conditional_create=False
        )
    }
    outbox.settings = replace(outbox.settings, quirks={**outbox.settings.quirks, **slow})
    sent = outbox.submit(outbox.patient())
    outbox.proxy.plan = [at_transaction(lost)]
    outbox.work()
    began = outbox.clock()

    def behind(asked: Asked, forward: Forward) -> Answered:
        late = "identifier=" in asked.path and outbox.clock() - began < timedelta(seconds=100)
        return nothing_found(asked, forward) if late else forward(asked)

    outbox.proxy.always = behind
    for _ in range(12):
        outbox.clock.advance(seconds=15)
        outbox.work()
    assert outbox.state(sent) == ("verified", None), outbox.row(sent)
    assert effects(outbox.real, sent) == ONE


def test_a_reference_to_nothing_holds_the_row_or_is_taken(outbox: Outbox, make: str) -> None:
    sent = outbox.submit(outbox.patient(), encounter="Encounter/none-of-this-name")
    outbox.work()
    # HAPI answers 400 and does nothing at all; Medplum takes it.
    assert outbox.state(sent) == (("verified", None) if make == "medplum" else ("held", "refused"))
    assert sum(effects(outbox.real, sent).values()) == (len(ONE) if make == "medplum" else 0)


def test_a_server_without_history_is_read_back_all_the_same(outbox: Outbox) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.always = entries_answering("405", "_history")
    outbox.work()
    assert outbox.state(sent)[0] == "verified"


def test_a_transaction_that_was_taken_for_a_batch(outbox: Outbox) -> None:
    sent = outbox.submit(outbox.patient())
    stale = {
        "resourceType": "Bundle",
        "type": "batch-response",
        "entry": [{"response": {"status": "412 Precondition Failed"}}],
    }
    outbox.proxy.plan = [at_transaction(answering(200, json.dumps(stale).encode()))]
    outbox.work()
    assert (outbox.state(sent)[0], outbox.proxy.transactions(), effects(outbox.real, sent)) == (
        "verified",
        2,
        ONE,
    )


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
    assert (outbox.state(sent)[0], outbox.proxy.transactions(), effects(outbox.real, sent)) == (
        "verified",
        1,
        ONE,
    )


def test_a_row_that_the_server_fails_for_a_day_while_others_pass_is_held(outbox: Outbox) -> None:
    bad = outbox.patient()
    outbox.proxy.always = answering(503)
    sent = outbox.submit(bad)
    outbox.clock.advance(days=3)
    outbox.work()
    assert outbox.state(sent) == ("waiting", "http-503")
    outbox.proxy.always = lambda asked, forward: (
        answering(500)(asked, forward) if bad in asked.path else forward(asked)
    )
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
