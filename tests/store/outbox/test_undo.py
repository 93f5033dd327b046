"""Undo in the outbox: in its turn, under a lease, and after a migration."""

from datetime import timedelta

import pytest
from sqlalchemy import inspect, text

from intake.store.crypto import Cipher
from intake.store.database import Database, open_database, open_engine
from intake.store.migrate import migrate_database
from intake.store.monitor_tables import list_indexes
from intake.store.outbox import leases, supersede, undo_leases, undo_requests
from intake.store.outbox.counts import oldest_waiting
from intake.store.outbox.discard import discard_submission
from intake.store.outbox.erasure import erase_expired
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.records import Status, find_record
from intake.store.outbox.retry import retry_submission
from intake.store.outbox.undo_leases import LeasedUndo
from intake.store.outbox.undo_records import UndoRecord
from intake.store.outbox.undo_requests import UndoRequestResult
from intake.store.tables import audit_at, submissions_asked_for, submissions_undo
from intake.store.tables import submissions as table
from tests.support.outbox_steps import (
    LEASE,
    TARGET,
    acquire_leases,
    make_submission,
    read_record,
    record_acceptance,
    run_in_transaction,
    store_submissions,
    verify_submission,
)
from tests.support.store import TestClock


def request_undo(database: Database, leased: LeasedSubmission) -> UndoRequestResult:
    with database.write() as tx:
        return undo_requests.request_undo(tx, leased.record.id)


def lease_undos(database: Database) -> tuple[LeasedUndo, ...]:
    with database.write() as tx:
        return undo_leases.acquire_undo_leases(tx, "main", limit=9, lease=LEASE)


def test_a_requested_undo_is_leased_as_an_undo_and_not_as_a_submission(
    database: Database, clock: TestClock
) -> None:
    leased = verify_submission(database)
    clock.advance(days=40)
    assert [request_undo(database, leased), request_undo(database, leased)] == [
        UndoRequestResult.STARTED,
        UndoRequestResult.ALREADY,
    ]
    with database.read() as tx:
        assert leases.has_due(tx, "main")
        # The age is that of the undo, not of the submission.
        assert oldest_waiting(tx) == clock()
    assert acquire_leases(database) == ()
    [undo] = lease_undos(database)
    assert undo.undo_record == UndoRecord(TARGET, "{}")
    assert lease_undos(database) == ()
    assert run_in_transaction(database, lambda tx: undo_leases.finish_undo(tx, undo, {}))
    record = read_record(database, leased.submission)
    assert (record.status, record.reversed_at, record.undoing) == (Status.REVERSED, clock(), False)
    assert request_undo(database, leased) is UndoRequestResult.ALREADY


@pytest.mark.parametrize("column", ["earlier", "decided"])
def test_an_unreadable_undo_is_held_and_blocks_no_other(
    database: Database, cipher: Cipher, column: str
) -> None:
    lost, good = verify_submission(database), verify_submission(database, "Patient/2")
    request_undo(database, lost)
    request_undo(database, good)
    with database.write() as tx:
        strange = cipher.encrypt(b"[]", lost.record.id)
        tx.connection.execute(
            table.update().where(table.c.id == lost.record.id).values({column: strange})
        )
    assert [undo.record.id for undo in lease_undos(database)] == [good.record.id]
    record = read_record(database, lost.submission)
    assert (record.status, record.reason) == (Status.HELD, "unreadable")
    assert "it was stored in another form" in str(record.words)


def test_with_a_lost_lease_an_undo_changes_nothing(database: Database, clock: TestClock) -> None:
    first, second = verify_submission(database), verify_submission(database)
    request_undo(database, first)
    [old] = lease_undos(database)
    clock.advance(minutes=6)
    [new] = lease_undos(database)
    later_undo_records = {second.record.id: UndoRecord(TARGET, "changed")}
    assert not run_in_transaction(
        database, lambda tx: undo_leases.finish_undo(tx, old, later_undo_records)
    )
    with database.read() as tx:
        assert undo_leases.list_later_submissions(tx, first.record.id)[0].undo_record.values == "{}"
    assert run_in_transaction(
        database, lambda tx: undo_leases.finish_undo(tx, new, later_undo_records)
    )
    with database.write() as tx:
        undo_requests.request_undo(tx, second.record.id)
    assert lease_undos(database)[0].undo_record.values == "changed"


def test_an_undo_takes_its_turn_among_the_patients_submissions(database: Database) -> None:
    first = verify_submission(database)
    later = make_submission()
    store_submissions(database, later)
    request_undo(database, first)
    assert acquire_leases(database) == ()
    [undo] = lease_undos(database)
    assert acquire_leases(database) == ()
    assert run_in_transaction(database, lambda tx: undo_leases.finish_undo(tx, undo, {}))
    assert [leased.submission for leased in acquire_leases(database)] == [later]


def test_supersede_and_discard_leave_an_undo_alone_and_retry_continues_it(
    database: Database,
) -> None:
    first = verify_submission(database)
    request_undo(database, first)
    [undo] = lease_undos(database)
    run_in_transaction(
        database, lambda tx: hold_submission(tx, undo, reason="refused", words="Look.")
    )
    assert not run_in_transaction(database, lambda tx: discard_submission(tx, first.record.id))
    store_submissions(database, make_submission())
    [second] = acquire_leases(database)
    with database.read() as tx:
        assert supersede.list_undelivered(tx, second) == ()
    run_in_transaction(
        database, lambda tx: hold_submission(tx, second, reason="refused", words="Look.")
    )
    assert run_in_transaction(database, lambda tx: retry_submission(tx, first.record.id))
    assert [leased.record.id for leased in lease_undos(database)] == [first.record.id]


@pytest.mark.parametrize("status", [Status.HELD, Status.DISCARDED, Status.SUPERSEDED])
def test_a_cancelled_undo_restores_the_state_from_before_the_request(
    database: Database, status: Status
) -> None:
    store_submissions(database, make_submission())
    [leased] = acquire_leases(database)
    run_in_transaction(
        database,
        lambda tx: (
            record_acceptance(tx, leased)
            and hold_submission(tx, leased, reason="mismatch", words="Look.")
        ),
    )
    with database.write() as tx:
        tx.connection.execute(text("UPDATE submissions SET status = :was"), {"was": status.value})
    assert request_undo(database, leased) is UndoRequestResult.STARTED
    [undo] = lease_undos(database)
    run_in_transaction(
        database,
        lambda tx: hold_submission(tx, undo, reason="chart-changed", words="Look."),
    )
    assert run_in_transaction(database, lambda tx: undo_requests.cancel_undo(tx, leased.record.id))
    assert read_record(database, leased.submission).status is status


def test_a_submission_typed_by_hand_is_undone_by_hand(database: Database) -> None:
    leased = verify_submission(database)
    with database.write() as tx:
        tx.connection.execute(text("UPDATE submissions SET status = 'entered'"))
        record = find_record(tx, leased.record.id)
        assert record is not None
        assert not undo_requests.can_undo(record, timedelta(days=90), tx.now)
    assert request_undo(database, leased) is UndoRequestResult.TYPED_BY_HAND


def test_prior_values_outlive_their_time_only_during_an_undo(
    database: Database, clock: TestClock
) -> None:
    first, second = verify_submission(database), verify_submission(database)
    request_undo(database, first)
    clock.advance(days=91)
    with database.write() as tx:
        erase_expired(tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90))
    assert [request_undo(database, leased) for leased in (first, second)] == [
        UndoRequestResult.ALREADY,
        UndoRequestResult.TOO_LATE,
    ]
    assert len(lease_undos(database)) == 1


def test_migration_adds_the_columns_and_keeps_the_rows(
    url: str, cipher: Cipher, clock: TestClock
) -> None:
    database = open_database(url, cipher, clock)
    leased = verify_submission(database)
    engine = open_engine(url)
    with engine.begin() as connection:
        for index in (submissions_undo, *submissions_asked_for, *list_indexes, audit_at):
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
    migrated = open_database(url, cipher, clock)
    assert migrated.is_current()
    assert request_undo(migrated, leased) is UndoRequestResult.STARTED
    with migrated.read() as tx:
        index_names = {
            index["name"]
            for name in ("submissions", "audit")
            for index in inspect(tx.connection).get_indexes(name)
        }
    assert index_names >= {index.name for index in (*table.indexes, audit_at)}
    migrated.close()
