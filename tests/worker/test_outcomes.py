"""Each outcome changes submission, server and log, and only with a lease."""

import logging
from datetime import timedelta

import pytest

from intake.store import audit
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision
from intake.store.outbox.held_reasons import HeldReason
from intake.store.outbox.leases import LeasedSubmission
from intake.worker.outcomes import (
    SERVER_PAUSE,
    Accepted,
    Decided,
    Held,
    Outcome,
    Postponed,
    ServerPaused,
    Verified,
    Waiting,
    apply_outcome,
)
from tests.support.worker_site import WorkerSite

MINUTE = timedelta(minutes=1)
KEEP_CHART = {"race": ConflictDecision(ConflictChoice.CHART, "hash")}


def make_outcome(event: str, site: WorkerSite, leased: LeasedSubmission) -> Outcome:
    outcomes: dict[str, Outcome] = {
        "accepted": Accepted(leased),
        "verified": Verified(leased, site.settings),
        "decided": Decided(leased, KEEP_CHART),
        "waiting": Waiting(leased, "http-503", "Busy.", MINUTE),
        "held": Held(leased, HeldReason.REFUSED, "Refused."),
        "behind": Postponed(leased, MINUTE),
    }
    return outcomes[event]


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ("accepted", ("accepted", None)),
        ("verified", ("verified", None)),
        ("decided", ("queued", None)),
        ("waiting", ("waiting", "http-503")),
        ("held", ("held", "refused")),
        ("behind", ("queued", None)),
    ],
)
def test_an_outcome_is_stored_and_logged(
    worker_site: WorkerSite,
    caplog: pytest.LogCaptureFixture,
    event: str,
    state: tuple[str, str | None],
) -> None:
    leased = worker_site.lease_new()
    with caplog.at_level(logging.INFO, "intake.worker"):
        assert apply_outcome(worker_site.context, make_outcome(event, worker_site, leased))
    assert worker_site.read_state(leased) == state
    assert caplog.messages == [event]
    # Only an accepted submission keeps its lease: its read-back follows.
    assert worker_site.read_record(leased.record.id).sending is (event == "accepted")


@pytest.mark.parametrize("event", ["accepted", "verified", "decided", "waiting", "held", "behind"])
def test_without_the_lease_an_outcome_changes_nothing(
    worker_site: WorkerSite, caplog: pytest.LogCaptureFixture, event: str
) -> None:
    leased = worker_site.lease_new()
    worker_site.lose_lease()
    before = worker_site.read_record(leased.record.id)
    with caplog.at_level(logging.INFO, "intake.worker"):
        assert not apply_outcome(worker_site.context, make_outcome(event, worker_site, leased))
    assert worker_site.read_record(leased.record.id) == before
    assert caplog.messages == ["lease-lost"]


@pytest.mark.parametrize(
    ("event", "ends_pause"),
    [
        ("accepted", True),
        ("verified", True),
        ("decided", True),
        ("held", True),
        ("waiting", False),
        ("behind", False),
    ],
)
def test_a_server_that_answered_is_no_longer_paused(
    worker_site: WorkerSite, event: str, ends_pause: bool
) -> None:
    leased = worker_site.lease_new()
    apply_outcome(worker_site.context, ServerPaused(leased, "http-401", "No access."))
    worker_site.clock.advance(minutes=1)
    leased = worker_site.acquire_lease()
    apply_outcome(worker_site.context, make_outcome(event, worker_site, leased))
    assert (worker_site.read_server().paused_since is None) is ends_pause


def test_only_a_verified_submission_is_a_success_of_its_server(worker_site: WorkerSite) -> None:
    leased = worker_site.lease_new()
    apply_outcome(worker_site.context, Accepted(leased))
    assert worker_site.read_server().last_success is None
    apply_outcome(worker_site.context, Verified(leased, worker_site.settings))
    assert worker_site.read_server().last_success == worker_site.clock()


def test_a_paused_server_raises_one_alarm_and_blames_no_submission(
    worker_site: WorkerSite, caplog: pytest.LogCaptureFixture
) -> None:
    leased = worker_site.lease_new()
    with caplog.at_level(logging.INFO, "intake.worker"):
        apply_outcome(worker_site.context, ServerPaused(leased, "http-401", "No access."))
        worker_site.clock.advance(minutes=1)
        again = ServerPaused(worker_site.acquire_lease(), "http-401", "No access.")
        apply_outcome(worker_site.context, again)
    assert caplog.messages == ["server-paused"]
    record = worker_site.read_record(leased.record.id)
    assert (record.status.value, record.due_at) == ("queued", worker_site.clock() + SERVER_PAUSE)
    assert worker_site.read_server().paused_until == worker_site.clock() + SERVER_PAUSE


def test_retry_after_keeps_the_whole_server_waiting_without_a_pause(
    worker_site: WorkerSite,
) -> None:
    leased = worker_site.lease_new()
    wait = Waiting(leased, "http-429", "Slow down.", MINUTE, server_delay=MINUTE)
    apply_outcome(worker_site.context, wait)
    server = worker_site.read_server()
    assert (server.paused_since, server.paused_until) == (None, worker_site.clock() + MINUTE)


def test_a_hold_without_an_answer_leaves_the_pause(worker_site: WorkerSite) -> None:
    leased = worker_site.lease_new()
    apply_outcome(worker_site.context, ServerPaused(leased, "http-401", "No access."))
    worker_site.clock.advance(minutes=1)
    held = Held(worker_site.acquire_lease(), HeldReason.FAULT, "Report it.", server_answered=False)
    apply_outcome(worker_site.context, held)
    assert worker_site.read_server().paused_since is not None


def test_a_decision_by_policy_is_audited(worker_site: WorkerSite) -> None:
    leased = worker_site.lease_new()
    apply_outcome(worker_site.context, Decided(leased, KEEP_CHART))
    with worker_site.database.read() as tx:
        [entry] = audit.entries_about(tx, leased.record.id)
    assert (entry.who, entry.action) == ("policy", "conflict-decided")
    assert worker_site.acquire_lease().decisions == KEEP_CHART


def test_the_log_says_where_an_unforeseen_error_was_raised(
    worker_site: WorkerSite, caplog: pytest.LogCaptureFixture
) -> None:
    leased = worker_site.lease_new()
    held = Held(
        leased, HeldReason.FAULT, "Report it.", server_answered=False, location="merge.py:7"
    )
    with caplog.at_level(logging.INFO, "intake.worker"):
        apply_outcome(worker_site.context, held)
    [line] = caplog.records
    assert (line.__dict__["where"], line.__dict__["reason"]) == ("merge.py:7", "fault")
