"""What is asked for again and again looks at few rows, however many there are: each such question has its index."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event

from intake.store import audit, servers
from intake.store.database import Database, Tx
from intake.store.outbox import conflict_decisions, submissions, worklist
from intake.store.outbox.submissions import OPEN, Status

ASKED: dict[str, Callable[[Tx], object]] = {
    "erase": lambda tx: submissions.erase_expired(
        tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90)
    ),
    "erase of the audit": lambda tx: audit.erase_entries(tx, timedelta(days=2192)),
    "counts": submissions.count_by_status,
    "counts of a clinic": lambda tx: submissions.count_by_status(tx, clinic="riverside"),
    "counts of a server": lambda tx: submissions.count_by_status(
        tx, "main", among=(*OPEN, Status.HELD)
    ),
    "held": lambda tx: submissions.list_records(tx, status=Status.HELD),
    "verified": lambda tx: submissions.list_records(tx, status=Status.VERIFIED, clinic="riverside"),
    "list of drifted": lambda tx: submissions.list_records(tx, drifted=True),
    "drifted": submissions.count_drifted,
    "last verified": lambda tx: submissions.last_verified(tx, "main"),
    "oldest waiting": submissions.oldest_waiting,
    "oldest waiting of a server": lambda tx: submissions.oldest_waiting(tx, "main"),
    "due": lambda tx: submissions.has_due(tx, "main"),
    "without a table": lambda tx: servers.count_unconfigured(tx, ["main"]),
    "contested": conflict_decisions.list_conflicting_ids,
    "worklist": worklist.read_worklist,
}


# PostgreSQL plans by how many rows there are, and here are none.
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("asked", ASKED)
def test_no_question_goes_through_all_rows(database: Database, asked: str) -> None:
    plans: list[str] = []

    def explain(
        _connection: object, cursor: object, statement: str, values: object, *_: object
    ) -> None:
        plans.extend(
            row[3]
            for row in cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[attr-defined]
        )

    with database.write() as tx:
        event.listen(tx.connection, "before_cursor_execute", explain)
        ASKED[asked](tx)
        event.remove(tx.connection, "before_cursor_execute", explain)
    looks = [plan for plan in plans if plan.startswith(("SEARCH", "SCAN"))]
    assert looks
    # The index of what drifted has no other rows.
    assert not [
        plan for plan in looks if not plan.startswith("SEARCH") and "submissions_drift" not in plan
    ]
