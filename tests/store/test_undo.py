"""Undo in the outbox: in its turn, under a lease, known to everything else that handles rows; and databases of before."""

from datetime import timedelta

import pytest
from sqlalchemy import inspect, text

from intake.store.crypto import Cipher
from intake.store.database import Database, open_database, open_engine
from intake.store.migrate import migrate_database
from intake.store.outbox import leases, submissions, supersede, undo_requests
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.submissions import Status
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from intake.store.outbox.undo_requests import LeasedUndo, UndoRequestResult
from intake.store.tables import audit_at, submissions_asked_for, submissions_undo
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


def ask(database: Database, claimed: LeasedSubmission) -> UndoRequestResult:
    with database.write() as tx:
        return undo_requests.request_undo(tx, claimed.record.id)


def verified(database: Database, patient: str = "Patient/1") -> LeasedSubmission:
    store_submissions(database, make_submission(patient))
    [claimed] = acquire_leases(database)
    run_in_transaction(
        database, lambda tx: record_acceptance(tx, claimed) and leases.mark_verified(tx, claimed)
    )
    return claimed


def lease(database: Database) -> tuple[LeasedUndo, ...]:
    with database.write() as tx:
        return undo_requests.acquire_undo_leases(tx, "main", limit=9, lease=LEASE)


def test_asked_for_it_is_an_undo_and_no_submission_any_more(
    database: Database, clock: TestClock
) -> None:
    claimed = verified(database)
    clock.advance(days=40)
    assert [ask(database, claimed), ask(database, claimed)] == [
        UndoRequestResult.STARTED,
        UndoRequestResult.ALREADY,
    ]
    with database.read() as tx:
        assert submissions.has_due(tx, "main")
        # Its own age is the undo's, not the submission's.
        assert submissions.oldest_waiting(tx) == clock()
    assert acquire_leases(database) == ()
    [found] = lease(database)
    assert found.undo_record == UndoRecord(WriteTarget("Patient/1", "7"), "{}")
    assert lease(database) == ()
    assert run_in_transaction(database, lambda tx: undo_requests.finish_undo(tx, found, {}))
    held = read_record(database, claimed.submission)
    assert (held.status, held.reversed_at, held.undoing) == (Status.REVERSED, clock(), False)
    assert ask(database, claimed) is UndoRequestResult.ALREADY


@pytest.mark.parametrize("column", ["earlier", "decided"])
def test_one_that_cannot_be_opened_whatever_is_wrong_with_it_is_held_and_blocks_nobody(
    database: Database, cipher: Cipher, column: str
) -> None:
    lost, good = verified(database), verified(database, "Patient/2")
    ask(database, lost)
    ask(database, good)
    with database.write() as tx:
        strange = cipher.encrypt(b"[]", lost.record.id)
        tx.connection.execute(
            table.update().where(table.c.id == lost.record.id).values({column: strange})
        )
    assert [each.record.id for each in lease(database)] == [good.record.id]
    found = read_record(database, lost.submission)
    assert (found.status, found.reason) == (Status.HELD, "unreadable")
    assert "it was stored in another form" in str(found.words)


def test_a_lost_lease_reverses_nothing_and_hands_nothing_on(
    database: Database, clock: TestClock
) -> None:
    first, second = verified(database), verified(database)
    ask(database, first)
    [old] = lease(database)
    clock.advance(minutes=6)
    [new] = lease(database)
    other = {second.record.id: UndoRecord(WriteTarget("Patient/1", "7"), "changed")}
    assert not run_in_transaction(database, lambda tx: undo_requests.finish_undo(tx, old, other))
    with database.read() as tx:
        assert (
            undo_requests.list_later_submissions(tx, first.record.id)[0].undo_record.values == "{}"
        )
    assert run_in_transaction(database, lambda tx: undo_requests.finish_undo(tx, new, other))
    with database.write() as tx:
        undo_requests.request_undo(tx, second.record.id)
    assert lease(database)[0].undo_record.values == "changed"


def test_it_takes_its_turn_among_the_submissions_of_its_patient(database: Database) -> None:
    first = verified(database)
    later = make_submission()
    store_submissions(database, later)
    ask(database, first)
    assert acquire_leases(database) == ()
    [found] = lease(database)
    assert acquire_leases(database) == ()
    assert run_in_transaction(database, lambda tx: undo_requests.finish_undo(tx, found, {}))
    assert [each.submission for each in acquire_leases(database)] == [later]


def test_overtaking_discarding_and_retrying_know_it(database: Database) -> None:
    first = verified(database)
    ask(database, first)
    [found] = lease(database)
    run_in_transaction(
        database, lambda tx: leases.hold_submission(tx, found, reason="refused", words="Look.")
    )
    assert not run_in_transaction(
        database, lambda tx: submissions.discard_submission(tx, first.record.id)
    )
    store_submissions(database, make_submission())
    [second] = acquire_leases(database)
    with database.read() as tx:
        assert supersede.list_undelivered(tx, second) == ()
    run_in_transaction(
        database, lambda tx: leases.hold_submission(tx, second, reason="refused", words="Look.")
    )
    assert run_in_transaction(
        database, lambda tx: submissions.retry_submission(tx, first.record.id)
    )
    assert [each.record.id for each in lease(database)] == [first.record.id]


@pytest.mark.parametrize("was", [Status.HELD, Status.DISCARDED, Status.SUPERSEDED])
def test_whatever_was_sent_can_be_undone_and_stopped_stands_as_before(
    database: Database, was: Status
) -> None:
    store_submissions(database, make_submission())
    [claimed] = acquire_leases(database)
    run_in_transaction(
        database,
        lambda tx: (
            record_acceptance(tx, claimed)
            and leases.hold_submission(tx, claimed, reason="mismatch", words="Look.")
        ),
    )
    with database.write() as tx:
        tx.connection.execute(text("UPDATE submissions SET status = :was"), {"was": was.value})
    assert ask(database, claimed) is UndoRequestResult.STARTED
    [found] = lease(database)
    run_in_transaction(
        database,
        lambda tx: leases.hold_submission(tx, found, reason="chart-changed", words="Look."),
    )
    assert run_in_transaction(database, lambda tx: undo_requests.cancel_undo(tx, claimed.record.id))
    assert read_record(database, claimed.submission).status is was


def test_what_was_typed_by_hand_is_taken_back_by_hand(database: Database) -> None:
    claimed = verified(database)
    with database.write() as tx:
        tx.connection.execute(text("UPDATE submissions SET status = 'entered'"))
        found = submissions.find_record(tx, claimed.record.id)
        assert found is not None
        assert not undo_requests.can_undo(found, timedelta(days=90), tx.now)
    assert ask(database, claimed) is UndoRequestResult.TYPED_BY_HAND


def test_earlier_values_outlive_their_time_only_while_an_undo_is_under_way(
    database: Database, clock: TestClock
) -> None:
    first, second = verified(database), verified(database)
    ask(database, first)
    clock.advance(days=91)
    with database.write() as tx:
        submissions.erase_expired(
            tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90)
        )
    assert [ask(database, each) for each in (first, second)] == [
        UndoRequestResult.ALREADY,
        UndoRequestResult.TOO_LATE,
    ]
    assert len(lease(database)) == 1


def test_a_database_of_before_gets_the_columns_and_keeps_its_rows(
    url: str, cipher: Cipher, clock: TestClock
) -> None:
    database = open_database(url, cipher, clock)
    claimed = verified(database)
    engine = open_engine(url)
    with engine.begin() as connection:
        for index in (submissions_undo, *submissions_asked_for, audit_at):
            index.drop(connection)
        for column in (
            "again_at",
            "decided",
            "undo_from",
            "undo_at",
            "reversed_at",
            "drift",
            "checked_at",
            "typed_at",
        ):
            connection.execute(text(f"ALTER TABLE submissions DROP COLUMN {column}"))
        connection.execute(text("DROP TABLE strategies"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    assert not database.is_current()
    database.close()
    migrate_database(url)
    again = open_database(url, cipher, clock)
    assert again.is_current()
    assert ask(again, claimed) is UndoRequestResult.STARTED
    with again.read() as tx:
        made = {
            each["name"]
            for name in ("submissions", "audit")
            for each in inspect(tx.connection).get_indexes(name)
        }
    assert made >= {each.name for each in (*table.indexes, audit_at)}
    again.close()
