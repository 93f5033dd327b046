"""Undo in the outbox: in its turn, under a lease, known to everything else that handles rows; and databases of before."""

from datetime import timedelta

import pytest
from sqlalchemy import inspect, text

from intake.store import claims, overtaking, submissions, undoing
from intake.store.claims import Claimed
from intake.store.crypto import Cipher
from intake.store.database import Database, open_database, open_engine
from intake.store.earlier import Earlier, Sent
from intake.store.migrate import migrate
from intake.store.submissions import Status
from intake.store.tables import audit_at, submissions_asked_for, submissions_undo
from intake.store.tables import submissions as table
from intake.store.undoing import Asked, Undoing
from tests.store.conftest import TestClock
from tests.store.test_outbox import LEASE, accept, claim, do, row, store, submission


def ask(database: Database, claimed: Claimed) -> Asked:
    with database.write() as tx:
        return undoing.ask(tx, claimed.row.id)


def verified(database: Database, patient: str = "Patient/1") -> Claimed:
    store(database, submission(patient))
    [claimed] = claim(database)
    do(database, lambda tx: accept(tx, claimed) and claims.verify(tx, claimed))
    return claimed


def lease(database: Database) -> tuple[Undoing, ...]:
    with database.write() as tx:
        return undoing.claim(tx, "main", limit=9, lease=LEASE)


def test_asked_for_it_is_an_undo_and_no_submission_any_more(
    database: Database, clock: TestClock
) -> None:
    claimed = verified(database)
    clock.advance(days=40)
    assert [ask(database, claimed), ask(database, claimed)] == [Asked.DONE, Asked.ALREADY]
    with database.read() as tx:
        assert submissions.has_due(tx, "main")
        # Its own age is the undo's, not the submission's.
        assert submissions.oldest_waiting(tx) == clock()
    assert claim(database) == ()
    [found] = lease(database)
    assert found.earlier == Earlier(Sent("Patient/1", "7"), "{}")
    assert lease(database) == ()
    assert do(database, lambda tx: undoing.done(tx, found, {}))
    held = row(database, claimed.submission)
    assert (held.status, held.reversed_at, held.undoing) == (Status.REVERSED, clock(), False)
    assert ask(database, claimed) is Asked.ALREADY


@pytest.mark.parametrize("column", ["earlier", "decided"])
def test_one_that_cannot_be_opened_whatever_is_wrong_with_it_is_held_and_blocks_nobody(
    database: Database, cipher: Cipher, column: str
) -> None:
    lost, good = verified(database), verified(database, "Patient/2")
    ask(database, lost)
    ask(database, good)
    with database.write() as tx:
        strange = cipher.seal(b"[]", lost.row.id)
        tx.connection.execute(
            table.update().where(table.c.id == lost.row.id).values({column: strange})
        )
    assert [each.row.id for each in lease(database)] == [good.row.id]
    found = row(database, lost.submission)
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
    other = {second.row.id: Earlier(Sent("Patient/1", "7"), "changed")}
    assert not do(database, lambda tx: undoing.done(tx, old, other))
    with database.read() as tx:
        assert undoing.later(tx, first.row.id)[0].earlier.values == "{}"
    assert do(database, lambda tx: undoing.done(tx, new, other))
    with database.write() as tx:
        undoing.ask(tx, second.row.id)
    assert lease(database)[0].earlier.values == "changed"


def test_it_takes_its_turn_among_the_submissions_of_its_patient(database: Database) -> None:
    first = verified(database)
    later = submission()
    store(database, later)
    ask(database, first)
    assert claim(database) == ()
    [found] = lease(database)
    assert claim(database) == ()
    assert do(database, lambda tx: undoing.done(tx, found, {}))
    assert [each.submission for each in claim(database)] == [later]


def test_overtaking_discarding_and_retrying_know_it(database: Database) -> None:
    first = verified(database)
    ask(database, first)
    [found] = lease(database)
    do(database, lambda tx: claims.hold(tx, found, reason="refused", words="Look."))
    assert not do(database, lambda tx: submissions.discard(tx, first.row.id))
    store(database, submission())
    [second] = claim(database)
    with database.read() as tx:
        assert overtaking.unarrived(tx, second) == ()
    do(database, lambda tx: claims.hold(tx, second, reason="refused", words="Look."))
    assert do(database, lambda tx: submissions.retry(tx, first.row.id))
    assert [each.row.id for each in lease(database)] == [first.row.id]


@pytest.mark.parametrize("was", [Status.HELD, Status.DISCARDED, Status.SUPERSEDED])
def test_whatever_was_sent_can_be_undone_and_stopped_stands_as_before(
    database: Database, was: Status
) -> None:
    store(database, submission())
    [claimed] = claim(database)
    do(
        database,
        lambda tx: (
            accept(tx, claimed) and claims.hold(tx, claimed, reason="mismatch", words="Look.")
        ),
    )
    with database.write() as tx:
        tx.connection.execute(text("UPDATE submissions SET status = :was"), {"was": was.value})
    assert ask(database, claimed) is Asked.DONE
    [found] = lease(database)
    do(database, lambda tx: claims.hold(tx, found, reason="chart-changed", words="Look."))
    assert do(database, lambda tx: undoing.stop(tx, claimed.row.id))
    assert row(database, claimed.submission).status is was


def test_what_was_typed_by_hand_is_taken_back_by_hand(database: Database) -> None:
    claimed = verified(database)
    with database.write() as tx:
        tx.connection.execute(text("UPDATE submissions SET status = 'entered'"))
        found = submissions.get(tx, claimed.row.id)
        assert found is not None
        assert not undoing.possible(found, timedelta(days=90), tx.now)
    assert ask(database, claimed) is Asked.BY_HAND


def test_earlier_values_outlive_their_time_only_while_an_undo_is_under_way(
    database: Database, clock: TestClock
) -> None:
    first, second = verified(database), verified(database)
    ask(database, first)
    clock.advance(days=91)
    with database.write() as tx:
        submissions.erase(tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90))
    assert [ask(database, each) for each in (first, second)] == [Asked.ALREADY, Asked.TOO_LATE]
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
    migrate(url)
    again = open_database(url, cipher, clock)
    assert again.is_current()
    assert ask(again, claimed) is Asked.DONE
    with again.read() as tx:
        made = {
            each["name"]
            for name in ("submissions", "audit")
            for each in inspect(tx.connection).get_indexes(name)
        }
    assert made >= {each.name for each in (*table.indexes, audit_at)}
    again.close()
