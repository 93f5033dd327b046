"""`intake submissions retry`, `hold`, `discard` and `by-hand`, each with an audit entry."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.cli import main
from intake.cli.site import AUDIT_ACTOR, open_current_database
from intake.settings import load_settings
from intake.store import audit
from intake.store.outbox import leases
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.records import Status, find_record
from intake.store.tables import submissions as table
from tests.support.command_site import EXAMPLE, example_line


@pytest.fixture
def held(ready: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The id of a held submission; another one is queued."""
    lines = f"{example_line()}\n{example_line(patient='Patient/2')}"
    (ready / "two.ndjson").write_text(lines, "utf-8")
    main(["submit", str(ready / "two.ndjson")])
    with open_current_database(load_settings()) as database, database.write() as tx:
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=5))
        hold_submission(tx, leased, reason="refused", words="The server refuses it.")
    capsys.readouterr()
    return leased.record.id


def read_state(submission_id: str) -> tuple[Status, list[str]]:
    """Return the state and the names of the audited actions."""
    with open_current_database(load_settings()) as database, database.read() as tx:
        record = find_record(tx, submission_id)
        assert record is not None
        entries = audit.entries_about(tx, submission_id)
        return record.status, [entry.action for entry in entries if entry.who == AUDIT_ACTOR]


def read_queued_id() -> str:
    with open_current_database(load_settings()) as database, database.read() as tx:
        query = select(table.c.id).where(table.c.status == Status.QUEUED.value)
        return str(tx.connection.execute(query).scalar_one())


def test_retries_a_held_submission_at_once(held: str, capsys: pytest.CaptureFixture[str]) -> None:
    queued = read_queued_id()
    assert main(["submissions", "retry", held, queued, "unknown"]) == 1
    assert read_state(held) == (Status.QUEUED, ["submission-retried"])
    words = capsys.readouterr().err
    assert f"{queued} is neither held nor waiting" in words
    assert "unknown is neither held nor waiting" in words
    assert "1 of 3 submissions changed" in words
    assert read_state(queued) == (Status.QUEUED, [])


def test_discards_only_with_consent(held: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submissions", "discard", held]) == 2
    assert "nothing is discarded" in capsys.readouterr().err
    assert read_state(held) == (Status.HELD, [])
    assert main(["submissions", "discard", held, "--yes"]) == 0
    assert read_state(held) == (Status.DISCARDED, ["submission-discarded"])
    assert main(["submissions", "discard", held, "--yes"]) == 1
    assert f"{held} is not held" in capsys.readouterr().err


def list_rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    main(["submissions", "--json"])
    listed: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return listed


def test_does_the_monitors_actions_on_the_command_line(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["submit", str(EXAMPLE)])
    [identity] = [str(row["id"]) for row in list_rows(capsys)]

    def read_states() -> list[object]:
        return [row["state"] for row in list_rows(capsys)]

    assert main(["submissions", "discard", identity, "--yes"]) == 1
    assert "is not held" in capsys.readouterr().err
    assert main(["submissions", "hold", identity]) == 0
    assert read_states() == ["held"]
    assert main(["submissions", "retry", identity, "nothing"]) == 1
    assert read_states() == ["queued"]
    main(["submissions", "hold", identity])
    assert main(["submissions", "by-hand", identity]) == 0
    main(["submissions", "hold", identity])
    assert main(["submissions", "discard", identity, "--yes"]) == 0
    assert read_states() == ["discarded"]
