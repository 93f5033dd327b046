"""The outbox's finer points: leases, order within a chart, what is taken over, and servers that pause or rest."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from intake.answers import Submission
from intake.store import servers
from intake.store.crypto import Cipher
from intake.store.database import Database, Tx
from intake.store.outbox import conflict_decisions, leases, submissions, supersede
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision, StoredConflict
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.submissions import Status
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from intake.store.tables import submissions as table
from tests.store.conftest import TestClock
from tests.store.test_submissions import (
    LEASE,
    acquire_leases,
    make_submission,
    read_record,
    record_acceptance,
    run_in_transaction,
    store_submissions,
)

SENT = WriteTarget("Patient/1", "7")


def hold(database: Database, claimed: LeasedSubmission) -> None:
    assert run_in_transaction(
        database, lambda tx: leases.hold_submission(tx, claimed, reason="refused", words="Look.")
    )


def retry(database: Database, sent: Submission) -> None:
    assert run_in_transaction(database, lambda tx: submissions.retry_submission(tx, str(sent.id)))


def test_what_was_accepted_since_it_was_claimed_stays_accepted_while_it_waits(
    database: Database, clock: TestClock
) -> None:
    sent = make_submission()
    store_submissions(database, sent)
    [claimed] = acquire_leases(database)
    run_in_transaction(database, lambda tx: record_acceptance(tx, claimed))
    assert run_in_transaction(
        database,
        lambda tx: leases.schedule_retry(
            tx, claimed, until=clock(), reason="http-503", words="Later."
        ),
    )
    assert read_record(database, sent).status is Status.ACCEPTED
    [again] = acquire_leases(database)
    assert again.last_target == SENT


def test_a_row_may_have_been_sent_from_the_moment_before_it_leaves(
    database: Database, clock: TestClock
) -> None:
    store_submissions(database, make_submission())
    [claimed] = acquire_leases(database)
    assert run_in_transaction(
        database, lambda tx: leases.record_sending(tx, claimed, UndoRecord(SENT, "{}"), LEASE)
    )
    clock.advance(minutes=6)
    [again] = acquire_leases(database)
    assert again.last_target == SENT


def test_a_renewed_lease_lasts_longer(database: Database, clock: TestClock) -> None:
    store_submissions(database, make_submission())
    [claimed] = acquire_leases(database)
    clock.advance(minutes=4)
    assert run_in_transaction(database, lambda tx: leases.renew_lease(tx, claimed, LEASE))
    clock.advance(minutes=4)
    assert acquire_leases(database) == ()
    assert run_in_transaction(database, lambda tx: leases.mark_verified(tx, claimed))


def test_a_held_row_sent_again_waits_for_a_later_one_that_is_on_its_way(database: Database) -> None:
    first, second = make_submission(), make_submission()
    store_submissions(database, first, second)
    hold(database, acquire_leases(database)[0])
    [on_its_way] = acquire_leases(database)
    retry(database, first)
    assert acquire_leases(database) == ()
    run_in_transaction(database, lambda tx: leases.mark_verified(tx, on_its_way))
    assert [each.submission for each in acquire_leases(database)] == [first]


def test_a_row_moves_to_the_chart_that_replaced_its_own(database: Database) -> None:
    store_submissions(
        database,
        make_submission("Patient/new"),
        make_submission("Patient/old"),
        make_submission("Patient/new"),
    )
    older, moved = acquire_leases(database)
    assert not run_in_transaction(
        database, lambda tx: leases.follow_merged_chart(tx, moved, "Patient/new")
    )
    run_in_transaction(database, lambda tx: leases.release_lease(tx, moved, until=tx.now))
    run_in_transaction(database, lambda tx: leases.mark_verified(tx, older))
    [again] = acquire_leases(database)
    assert again.record.id == moved.record.id
    assert run_in_transaction(
        database, lambda tx: leases.follow_merged_chart(tx, again, "Patient/new")
    )
    assert acquire_leases(database) == ()


def test_a_later_one_takes_over_from_those_that_have_not_arrived(database: Database) -> None:
    held, waiting, other, last = (
        make_submission(),
        make_submission(),
        make_submission("Patient/2"),
        make_submission(),
    )
    store_submissions(database, held, waiting, other, last)
    hold(database, acquire_leases(database, 1)[0])
    first, elsewhere = acquire_leases(database)
    run_in_transaction(database, lambda tx: leases.mark_verified(tx, elsewhere))
    hold(database, first)
    retry(database, waiting)
    [early] = acquire_leases(database)
    run_in_transaction(database, lambda tx: leases.mark_verified(tx, early))
    [late] = acquire_leases(database)
    with database.write() as tx:
        [older] = supersede.list_undelivered(tx, late)
        assert (older.id, older.status) == (str(held.id), Status.HELD)
        supersede.supersede_elements(tx, older, frozenset({"race"}), nothing_left=False)
    retry(database, held)
    run_in_transaction(database, lambda tx: leases.mark_verified(tx, late))
    [again] = acquire_leases(database)
    assert again.superseded_elements == {"race"}
    hold(database, again)
    with database.write() as tx:
        older = supersede.RelatedSubmission(
            str(held.id), Status.HELD, held, again.superseded_elements
        )
        supersede.supersede_elements(tx, older, frozenset({"spoken-language"}), nothing_left=True)
    assert read_record(database, held).status is Status.SUPERSEDED
    with database.read() as tx:
        kept = tx.connection.execute(table.select().where(table.c.id == str(held.id))).one()
    assert (kept.payload, kept.taken) == (None, "race,spoken-language")


def test_what_was_sent_before_is_known_by_its_id_for_ever(
    database: Database, clock: TestClock
) -> None:
    first, second = make_submission(), make_submission()
    store_submissions(database, first, second)
    [claimed] = acquire_leases(database)
    run_in_transaction(
        database, lambda tx: record_acceptance(tx, claimed) and leases.mark_verified(tx, claimed)
    )
    clock.advance(days=31)
    with database.write() as tx:
        submissions.erase_expired(
            tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90)
        )
    [late] = acquire_leases(database)
    with database.read() as tx:
        assert supersede.list_sent_ids(tx, late) == (str(first.id),)
        assert supersede.list_sent_since(tx, late, tx.now - timedelta(days=60)) == ()


def test_failing_begins_with_the_first_failure_and_ends_with_any_other_outcome(
    database: Database, clock: TestClock
) -> None:
    store_submissions(database, make_submission())
    seen = []
    for failing in (True, True, False, True):
        clock.advance(hours=1)
        [claimed] = acquire_leases(database)
        seen.append(claimed.failing_since)
        run_in_transaction(
            database,
            lambda tx, f=failing, c=claimed: leases.schedule_retry(  # type: ignore[misc]
                tx, c, until=tx.now, reason="x", words="x", failing=f
            ),
        )
    began = clock() - timedelta(hours=3)
    assert seen == [None, began, began, None]


@pytest.mark.parametrize(
    ("column", "said", "bound_to", "words"),
    [
        ("payload", b"said", "another row", "belongs to another row. Bring back the key file"),
        ("payload", b"said", "", "it was stored in another form"),
        (
            "payload",
            None,
            "",
            "Its answers are no longer stored, so nothing can be sent. Discard it.",
        ),
        ("known", b"[]", "", "it was stored in another form"),
        ("decided", b"{", "", "it was stored in another form"),
    ],
)
def test_a_row_that_cannot_be_opened_is_held_and_keeps_nobody_waiting(
    database: Database, cipher: Cipher, column: str, said: bytes | None, bound_to: str, words: str
) -> None:
    lost, good = make_submission("Patient/1"), make_submission("Patient/2")
    store_submissions(database, lost, good)
    with database.write() as tx:
        strange = None if said is None else cipher.encrypt(said, bound_to or str(lost.id))
        tx.connection.execute(
            table.update().where(table.c.id == str(lost.id)).values({column: strange})
        )
    assert [each.submission for each in acquire_leases(database)] == [good]
    found = read_record(database, lost)
    assert (found.status, found.reason, found.sending) == (Status.HELD, "unreadable", False)
    assert words in (found.words or "")


def test_words_that_are_too_long_keep_nothing_from_being_stored(
    database: Database, clock: TestClock
) -> None:
    sent, long = make_submission(), "x" * 1001
    store_submissions(database, sent)
    how: list[Callable[[Tx, LeasedSubmission], bool]] = [
        lambda tx, row: leases.schedule_retry(tx, row, until=tx.now, reason="x", words=long),
        lambda tx, row: leases.release_lease(tx, row, until=tx.now, reason="x", words=long),
        lambda tx, row: leases.hold_submission(tx, row, reason="x", words=long),
    ]
    for each in how:
        [claimed] = acquire_leases(database)
        assert run_in_transaction(database, lambda tx, e=each, c=claimed: e(tx, c))  # type: ignore[misc]
        assert read_record(database, sent).words == "x" * 1000
    run_in_transaction(
        database, lambda tx: servers.pause_server(tx, "main", until=clock(), reason="x", words=long)
    )
    with database.read() as tx:
        assert servers.read_state(tx, "main").words == "x" * 1000


def test_a_decision_does_not_bring_back_what_was_discarded_meanwhile(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = make_submission()
    store_submissions(database, sent)
    [claimed] = acquire_leases(database)
    contests = conflict_decisions.encode_conflicts(
        (StoredConflict("race", ("White",), ("Asian",), "over"),)
    )
    run_in_transaction(
        database,
        lambda tx: leases.hold_submission(
            tx, claimed, reason=conflict_decisions.CONFLICT_REASON, words="Look.", detail=contests
        ),
    )
    seal = conflict_decisions.encrypt_decisions

    def discarded_meanwhile(
        tx: Tx, decisions: Mapping[str, ConflictDecision], identity: str
    ) -> bytes:
        submissions.discard_submission(tx, identity)
        return seal(tx, decisions, identity)

    monkeypatch.setattr(conflict_decisions, "encrypt_decisions", discarded_meanwhile)
    assert not run_in_transaction(
        database,
        lambda tx: conflict_decisions.decide_conflicts(
            tx, str(sent.id), {"race": ConflictDecision(ConflictChoice.PERSON, "over")}
        ),
    )
    assert read_record(database, sent).status is Status.DISCARDED


def test_a_paused_server_is_probed_by_one_worker_a_time(
    database: Database, clock: TestClock
) -> None:
    soon = clock() + timedelta(minutes=1)
    alarms = [
        run_in_transaction(
            database,
            lambda tx: servers.pause_server(tx, "main", until=soon, reason="http-401", words="No."),
        )
        for _ in range(2)
    ]
    assert alarms == [True, False]
    later = soon + timedelta(minutes=1)
    assert not run_in_transaction(
        database, lambda tx: servers.acquire_probe(tx, "main", until=later)
    )
    clock.advance(minutes=1)
    assert [
        run_in_transaction(database, lambda tx: servers.acquire_probe(tx, "main", until=later))
        for _ in range(2)
    ] == [
        True,
        False,
    ]
    with database.write() as tx:
        servers.end_pause(tx, "main")
        assert servers.read_state(tx, "main").paused_since is None
        assert servers.read_state(tx, "main").last_success is None


def test_a_success_ends_a_pause_but_not_a_rest(database: Database, clock: TestClock) -> None:
    later = clock() + timedelta(minutes=5)
    with database.write() as tx:
        servers.back_off(tx, "main", until=later)
        servers.back_off(tx, "main", until=clock())
        servers.record_success(tx, "main")
        assert servers.read_state(tx, "main").paused_until == later
        servers.pause_server(tx, "main", until=later, reason="http-401", words="No.")
        servers.record_success(tx, "main")
        assert servers.read_state(tx, "main") == servers.ServerState("main", last_success=clock())


@pytest.mark.parametrize("how", ["leased", "waiting"])
def test_an_idle_worker_is_told_so_by_a_read(
    database: Database, clock: TestClock, how: str
) -> None:
    store_submissions(database, make_submission())
    [claimed] = acquire_leases(database)
    if how == "waiting":
        until = clock() + timedelta(minutes=1)
        run_in_transaction(
            database,
            lambda tx: leases.schedule_retry(tx, claimed, until=until, reason="x", words="x"),
        )
    with database.read() as tx:
        assert not submissions.has_due(tx, "main")
    clock.advance(minutes=6)
    with database.read() as tx:
        assert submissions.has_due(tx, "main")
