"""Pauses of a FHIR server: one alarm, one probing worker, and an end with a success."""

from datetime import timedelta

from intake.store import servers
from intake.store.database import Database
from tests.support.outbox_steps import (
    run_in_transaction,
)
from tests.support.store import TestClock


def test_a_paused_server_is_probed_by_one_worker_at_a_time(
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


def test_a_success_ends_a_pause_but_no_back_off(database: Database, clock: TestClock) -> None:
    later = clock() + timedelta(minutes=5)
    with database.write() as tx:
        servers.back_off(tx, "main", until=later)
        servers.back_off(tx, "main", until=clock())
        servers.record_success(tx, "main")
        assert servers.read_state(tx, "main").paused_until == later
        servers.pause_server(tx, "main", until=later, reason="http-401", words="No.")
        servers.record_success(tx, "main")
        assert servers.read_state(tx, "main") == servers.ServerState("main", last_success=clock())
