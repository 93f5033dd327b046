"""Frequent queries look at few rows of many: each has its index."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event

from intake.store import audit, servers
from intake.store.database import Database, Tx
from intake.store.outbox import conflict_decisions, leases, worklist
from intake.store.outbox.causes import list_causes
from intake.store.outbox.counts import (
    count_by_status,
    count_drifted,
    count_saying_more,
    last_verified,
    oldest_waiting,
)
from intake.store.outbox.erasure import erase_expired
from intake.store.outbox.facts import erase_facts, list_factless
from intake.store.outbox.record_pages import RecordFilter, count_states, read_page
from intake.store.outbox.records import OPEN, Status, list_records

QUERIES: dict[str, Callable[[Tx], object]] = {
    "erase": lambda tx: erase_expired(
        tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90)
    ),
    "erase of facts": lambda tx: erase_facts(tx, facts_after=timedelta(days=730)),
    "submissions without facts": lambda tx: list_factless(
        tx, verified_before=tx.now, after=0, limit=10
    ),
    "erase of the audit": lambda tx: audit.erase_entries(tx, timedelta(days=2192)),
    "counts": count_by_status,
    "counts of a clinic": lambda tx: count_by_status(tx, clinic="riverside"),
    "counts of a server": lambda tx: count_by_status(tx, "main", among=(*OPEN, Status.HELD)),
    "held": lambda tx: list_records(tx, status=Status.HELD),
    "verified": lambda tx: list_records(tx, status=Status.VERIFIED, clinic="riverside"),
    "list by cause": list_causes,
    "list of a reason": lambda tx: read_page(tx, RecordFilter(reason="patient"), 50, before=9),
    "list of a clinic": lambda tx: read_page(tx, RecordFilter(clinic="riverside"), 50, before=9),
    "list of a tablet": lambda tx: read_page(tx, RecordFilter(device="d"), 50, before=9),
    "list of an id": lambda tx: read_page(tx, RecordFilter(id_start="1f"), 50),
    "list of a day": lambda tx: read_page(tx, RecordFilter(since=tx.now, until=tx.now), 50),
    "list": lambda tx: read_page(tx, RecordFilter(), 50, before=9),
    "counts of states": count_states,
    "list of drifted": lambda tx: list_records(tx, drifted=True),
    "drifted": count_drifted,
    "list of charts that say more": lambda tx: list_records(tx, says_more=True),
    "charts that say more": count_saying_more,
    "last verified": lambda tx: last_verified(tx, "main"),
    "oldest waiting": oldest_waiting,
    "oldest waiting of a server": lambda tx: oldest_waiting(tx, "main"),
    "due": lambda tx: leases.has_due(tx, "main"),
    "unconfigured servers": lambda tx: servers.count_unconfigured(tx, ["main"]),
    "conflicts": conflict_decisions.list_conflicting_ids,
    "worklist": worklist.read_worklist,
}

PARTIAL_INDEXES = (
    "submissions_drift",
    "submissions_says_more",
    "submissions_reason",
    "anon_",
    "CONSTANT ROW",
)


# PostgreSQL plans by the number of rows, and this database is empty.
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", QUERIES)
def test_no_frequent_query_scans_all_rows(database: Database, name: str) -> None:
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
        QUERIES[name](tx)
        event.remove(tx.connection, "before_cursor_execute", explain)
    steps = [plan for plan in plans if plan.startswith(("SEARCH", "SCAN"))]
    assert steps
    # These partial indexes have only the rows that the query counts, so a scan of them is fine.
    # So is one of a subquery, which has its own search and its limit. The distinct servers are
    # few, and SQLite skips from one to the next in either index that begins with the server.
    by_server = ["submissions_due", "submissions_patient"] if name == "unconfigured servers" else []
    allowed = (*PARTIAL_INDEXES, *by_server)
    assert not [
        plan
        for plan in steps
        if not plan.startswith("SEARCH") and not any(index in plan for index in allowed)
    ]
