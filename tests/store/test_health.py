"""What the check asks of a database: durable or not, do the keys open what is kept, is its clock ours."""

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
from intake.store.outbox import submissions
from tests.store.conftest import TestClock


def submission(identity: UUID) -> Submission:
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


def store(database: Database, count: int = 1) -> None:
    for _ in range(count):
        with database.write() as tx:
            submissions.store_submission(tx, submission(uuid4()), "main")


def test_a_database_of_ours_is_durable(database: Database) -> None:
    with database.read() as tx:
        assert health.durability_faults(tx) == ()


def test_a_commit_that_would_not_wait_for_the_disk_is_seen(database: Database) -> None:
    weaken, named = (
        ("PRAGMA journal_mode=MEMORY", "journal_mode=memory")
        if database.is_sqlite
        else ("SET synchronous_commit TO off", "synchronous_commit=off")
    )
    with database.read() as tx:
        tx.connection.execute(text(weaken))
        assert health.durability_faults(tx) == (named,)


@pytest.mark.parametrize(("stored", "opened"), [(0, 0), (1, 1), (3, 2)])
def test_the_oldest_and_the_newest_are_opened(database: Database, stored: int, opened: int) -> None:
    store(database, stored)
    with database.read() as tx:
        assert health.decrypt_samples(tx) == opened


def test_a_key_that_does_not_fit_is_found(
    database: Database, url: str, tmp_path: Path, clock: TestClock
) -> None:
    store(database)
    create_keys(tmp_path / "other.json")
    with (
        closing(open_database(url, load_keys(tmp_path / "other.json"), clock)) as stranger,
        stranger.read() as tx,
        pytest.raises(KeyFileError),
    ):
        health.decrypt_samples(tx)


def test_the_newest_submissions_moment(database: Database, clock: TestClock) -> None:
    with database.read() as tx:
        assert health.newest_submission_time(tx) is None
    store(database)
    clock.advance(hours=1)
    store(database)
    with database.read() as tx:
        assert health.newest_submission_time(tx) == clock()


def test_a_database_server_tells_its_time_and_sqlite_has_none(database: Database) -> None:
    with database.read() as tx:
        told = health.server_time(tx)
    assert (
        told is None if database.is_sqlite else abs(told - datetime.now(UTC)) < timedelta(minutes=1)  # type: ignore[operator]
    )
