"""Leases what is due for one server in batches, and delivers it."""

import threading
from datetime import datetime, timedelta
from functools import cache, partial

from fhir_client.errors import ServerError
from fhir_client.model import Exchange
from intake.clock import Clock
from intake.ehr.clients import build_client
from intake.ehr.contacts import CREDENTIALS_REASON
from intake.ehr.strategy import prepare_writer, read_pin
from intake.settings import Server, Settings
from intake.store import servers
from intake.store.database import Database
from intake.store.outbox import leases, undo_leases
from intake.store.outbox.leases import LeasedSubmission, LeasedWork
from intake.store.outbox.undo_leases import LeasedUndo
from intake.worker.backoff import JitterSource
from intake.worker.context import WorkerContext
from intake.worker.delivery import deliver_submission
from intake.worker.outcomes import SERVER_PAUSE, log_server_paused, pause_server
from intake.worker.undo import deliver_undo

BATCH_SIZE = 4
SIGN_OF_LIFE = timedelta(seconds=20)
"""How often a worker is recorded as running.

So the monitor can tell a worker with nothing to do from a worker that does not run.
"""


def deliver_due(
    settings: Settings,
    server: Server,
    database: Database,
    clock: Clock,
    jitter: JitterSource,
    stop: threading.Event,
) -> bool:
    """Deliver what is due for the server, batch after batch; True if anything was due."""
    if not _is_due(database, server, clock):
        return False
    exchanges: list[Exchange] = []
    try:
        client = build_client(server, exchanges.append)
    except ServerError as error:
        _pause_without_credentials(database, server, error)
        return False
    was_due = False
    with client:
        # The first submission that needs the strategy negotiates it, so that an error of the
        # negotiation is stored with a submission.
        negotiate = cache(partial(prepare_writer, server, settings, database, client))
        context = WorkerContext(
            settings, server, database, client, negotiate, clock, jitter, exchanges
        )
        has_strategy = False
        while not stop.is_set():
            # Once pinned it needs no second look: this thread caches the writer as long.
            has_strategy = has_strategy or read_pin(server, settings, database) is not None
            batch = _acquire_batch(context, has_strategy=has_strategy)
            if not batch:
                break
            _deliver_batch(context, batch, stop)
            was_due = True
    return was_due


def _is_due(database: Database, server: Server, clock: Clock) -> bool:
    """Return whether something is due; record at times that this worker runs."""
    # Mostly a read, so that an idle worker hardly ever takes the write lock.
    with database.read() as tx:
        state = servers.read_state(tx, server.id)
        is_due = state.remaining_pause(clock()) is None and leases.has_due(tx, server.id)
    # A time in the future is from before the clock was set back. It would hide for as long that
    # no worker runs.
    if state.worker_seen is None or abs(clock() - state.worker_seen) >= SIGN_OF_LIFE:
        with database.write() as tx:
            servers.record_worker_seen(tx, server.id)
    return is_due


def _pause_without_credentials(database: Database, server: Server, error: ServerError) -> None:
    with database.write() as tx:
        is_new_pause = pause_server(tx, server.id, CREDENTIALS_REASON, error.message)
    if is_new_pause:
        log_server_paused(server.id, CREDENTIALS_REASON)


def _acquire_batch(
    context: WorkerContext, *, has_strategy: bool
) -> tuple[LeasedSubmission | LeasedUndo, ...]:
    if not _is_due(context.database, context.server, context.clock):
        return ()
    with context.database.write() as tx:
        is_paused = servers.read_state(tx, context.server.id).paused_since is not None
        # One worker tries a paused or unknown server with one submission; the others wait for
        # the result. Asked by all at once, a server can be too busy to answer any of them.
        is_alone = is_paused or not has_strategy
        if is_alone and not servers.acquire_probe(
            tx, context.server.id, until=context.clock() + SERVER_PAUSE, paused=is_paused
        ):
            return ()
        limit = 1 if is_alone else BATCH_SIZE
        lease = context.lease_duration
        # A requested undo goes first: a person waits for it.
        undos = undo_leases.acquire_undo_leases(tx, context.server.id, limit=limit, lease=lease)
        return undos or leases.acquire_leases(tx, context.server.id, limit=limit, lease=lease)


def _deliver_batch(
    context: WorkerContext,
    batch: tuple[LeasedSubmission | LeasedUndo, ...],
    stop: threading.Event,
) -> None:
    """Deliver the batch in order.

    If the server pauses, or `stop` is set, release the rest.
    """
    started_at = context.clock()
    for position, leased in enumerate(batch):
        if position and (stop.is_set() or not _may_continue(context, leased, started_at)):
            _release_leases(context, batch[position:])
            return
        if isinstance(leased, LeasedUndo):
            deliver_undo(context, leased)
        else:
            deliver_submission(context, leased)


def _may_continue(context: WorkerContext, leased: LeasedWork, started_at: datetime) -> bool:
    with context.database.read() as tx:
        if servers.read_state(tx, context.server.id).remaining_pause(context.clock()):
            return False
    # Most of the lease is left, so its renewal, a write, can wait.
    if context.clock() - started_at < context.lease_duration / 4:
        return True
    with context.database.write() as tx:
        return leases.renew_lease(tx, leased, context.lease_duration)


def _release_leases(
    context: WorkerContext, batch: tuple[LeasedSubmission | LeasedUndo, ...]
) -> None:
    with context.database.write() as tx:
        for leased in batch:
            leases.release_lease(tx, leased, until=tx.now)
