"""Database checks: durable commits, matching keys and the database server's clock."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from intake.answers import Answer, AnswerState, Channel, Informant, Submission
from intake.store import health
from intake.store.crypto import KeyFileError, create_keys, load_keys
from intake.store.database import Database, open_database
from intake.store.outbox.enqueue import store_submission
from tests.support.store import TestClock


def make_submission(identity: UUID) -> Submission:
    return Submission(
        id=identity,
        clinic="riverside",
        patient="Patient/1",
        answered_at=datetime(2026, 11, 23, 15, tzinfo=UTC),
        informant=Informant.SELF,
        channel=Channel.KIOSK,
        question_set="spd15-2024",
        question_set_version="1.0.0",
        locale="en",
        notice="2026-11",
        answers={"race-ethnicity": Answer(AnswerState.DECLINED)},
    )


def store_submissions(database: Database, count: int = 1) -> None:
    for _ in range(count):
        with database.write() as tx:
            store_submission(tx, make_submission(uuid4()), "main")


def test_our_databases_are_durable(database: Database) -> None:
    with database.read() as tx:
        assert health.durability_faults(tx) == ()


def test_a_setting_that_does_not_wait_for_the_disk_is_a_fault(database: Database) -> None:
    weaken, named = (
        ("PRAGMA journal_mode=MEMORY", "journal_mode=memory")
        if database.is_sqlite
        else ("SET synchronous_commit TO off", "synchronous_commit=off")
    )
    with database.read() as tx:
        tx.connection.execute(text(weaken))
        assert health.durability_faults(tx) == (named,)


@pytest.mark.parametrize(("stored", "decrypted"), [(0, 0), (1, 1), (3, 2)])
def test_the_oldest_and_the_newest_are_decrypted(
    database: Database, stored: int, decrypted: int
) -> None:
    store_submissions(database, stored)
    with database.read() as tx:
        assert health.decrypt_samples(tx) == decrypted


def test_a_wrong_key_raises(database: Database, url: str, tmp_path: Path, clock: TestClock) -> None:
    store_submissions(database)
    create_keys(tmp_path / "other.json")
    with (
        closing(open_database(url, load_keys(tmp_path / "other.json"), clock)) as other_database,
        other_database.read() as tx,
        pytest.raises(KeyFileError),
    ):
        health.decrypt_samples(tx)


def test_the_time_of_the_newest_submission(database: Database, clock: TestClock) -> None:
    with database.read() as tx:
        assert health.newest_submission_time(tx) is None
    store_submissions(database)
    clock.advance(hours=1)
    store_submissions(database)
    with database.read() as tx:
        assert health.newest_submission_time(tx) == clock()


def test_a_database_server_has_a_time_and_sqlite_has_none(database: Database) -> None:
    with database.read() as tx:
        server_time = health.server_time(tx)
    assert (
        server_time is None
        if database.is_sqlite
        else abs(server_time - datetime.now(UTC)) < timedelta(minutes=1)  # type: ignore[operator]
    )
