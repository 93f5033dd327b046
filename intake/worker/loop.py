"""The worker: a few threads a server that claim and deliver, and one for each other task that comes again and again."""

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial

from fhir_client.errors import ServerError
from intake.clock import Clock
from intake.ehr.clients import build_client
from intake.ehr.strategy import prepare_writer, read_pin
from intake.feed import export, live_report
from intake.log import error_location, logger
from intake.schedule import fetch
from intake.settings import Server, Settings
from intake.store import servers
from intake.store.database import Database
from intake.store.outbox import leases, submissions, undo_requests
from intake.store.outbox.leases import LeasedSubmission, LeasedWork
from intake.store.outbox.submissions import Status
from intake.store.outbox.undo_requests import LeasedUndo
from intake.store.visits import MatchState
from intake.worker import drift, housekeeping, patient_matching
from intake.worker.backoff import JitterSource
from intake.worker.context import WorkerContext
from intake.worker.delivery import deliver_submission
from intake.worker.outcomes import CREDENTIALS_REASON, SERVER_PAUSE
from intake.worker.undo import deliver_undo

IDLE = timedelta(seconds=1)
BATCH = 4
HOUSEKEEPING = timedelta(minutes=1)
SIGN_OF_LIFE = timedelta(seconds=20)
"""How often a worker is noted as there, so that the monitor can tell "nothing to do" from "nobody does it"."""
REPORT_LOOK, REPORT_RETRY = timedelta(minutes=1), timedelta(minutes=15)


def run_worker(
    settings: Settings, database: Database, clock: Clock, *, once: bool, stop: threading.Event
) -> int:
    """Work until `stop` is set, or with `once` until nothing is due; returns 1 where submissions are held, else 0."""
    threads = [
        threading.Thread(
            target=_work,
            args=(settings, server, database, clock, once, stop),
            name=f"{server.id}-{number}",
        )
        for server in settings.servers.values()
        for number in range(1 if once else server.workers)
    ]
    rounds = {
        "schedule": partial(_fetch_schedules, settings, database, clock),
        "walk-ins": partial(_look_for_charts, settings, database, clock),
    }
    if not once:
        # Whoever empties the outbox once does not wait for a search over a whole year.
        rounds |= {
            "report": partial(_report, settings, database, clock, stop),
            "drift": partial(_drift, settings, database, clock, stop),
        }
    threads += [
        threading.Thread(target=_repeat, args=(each, once, stop), name=name)
        for name, each in rounds.items()
    ]
    for thread in threads:
        thread.start()
    _repeat(partial(_keep_house, settings, database), once, stop)
    for thread in threads:
        thread.join()
    with database.read() as tx:
        return 1 if submissions.count_by_status(tx)[Status.HELD] else 0


def _repeat(do_round: Callable[[], timedelta], once: bool, stop: threading.Event) -> None:
    """Do a round at once and, unless it is for `once`, again after as long as each one says.

    That is waited for and not read from the clock: one that is set back must not put off everything for as long.
    """
    while not stop.is_set():
        pause = do_round()
        if once:
            return
        stop.wait(pause.total_seconds())


def _look_for_charts(settings: Settings, database: Database, clock: Clock) -> timedelta:
    # The desk waits for it; but a server that fails is not asked every second.
    return (
        IDLE
        if _guarded(
            partial(
                patient_matching.match_expected_patients, settings, database, clock, MatchState.NEW
            )
        )
        else HOUSEKEEPING
    )


def _fetch_schedules(settings: Settings, database: Database, clock: Clock) -> timedelta:
    # A thread of its own: a server that does not answer costs a time-out for each clinic.
    _guarded(partial(fetch.fetch_due_schedules, settings, database, clock))
    _guarded(
        partial(
            patient_matching.match_expected_patients, settings, database, clock, MatchState.NONE
        )
    )
    return HOUSEKEEPING


def _keep_house(settings: Settings, database: Database) -> timedelta:
    # Whatever a full disk does here, the submissions go on.
    _guarded(partial(housekeeping.erase_expired, settings, database))
    _guarded(partial(export.delete_abandoned_exports, settings))
    return HOUSEKEEPING


def _report(
    settings: Settings, database: Database, clock: Clock, stop: threading.Event
) -> timedelta:
    # A thread of its own: a search over a whole year must keep neither the schedule nor a submission waiting.
    return (
        REPORT_LOOK
        if live_report.make_due_report(settings, database, clock, stop)
        else REPORT_RETRY
    )


def _drift(
    settings: Settings, database: Database, clock: Clock, stop: threading.Event
) -> timedelta:
    # At night every chart that was written to is read again, which takes its time.
    _guarded(partial(drift.check_drift_at_night, settings, database, clock, stop))
    return HOUSEKEEPING


def _work(
    settings: Settings,
    server: Server,
    database: Database,
    clock: Clock,
    once: bool,
    stop: threading.Event,
) -> None:
    # The threads' own jitter needs no cryptographic chance.
    chance: JitterSource = random.Random().random  # noqa: S311
    while not stop.is_set():
        busy = _guarded(partial(deliver_due, settings, server, database, clock, chance, stop))
        if not busy and once:
            return
        if not busy:
            stop.wait(IDLE.total_seconds())


def _guarded(work: Callable[[], object]) -> bool:
    try:
        return bool(work())
    except Exception as error:  # noqa: BLE001
        # One unforeseen fault must not end the thread: a row's lease runs out and it is claimed again.
        logger.error(
            "fault", extra={"reason": type(error).__name__, "where": error_location(error)}
        )
        return False


def deliver_due(
    settings: Settings,
    server: Server,
    database: Database,
    clock: Clock,
    chance: JitterSource,
    stop: threading.Event,
) -> bool:
    """Deliver what is due for the server, batch after batch; returns whether anything was."""
    if not _is_due(database, server, clock):
        return False
    try:
        client = build_client(server)
    except ServerError as error:
        _no_credentials(database, server, clock, error)
        return False
    done = False
    with client:
        # Asked when the first row needs it, so that what keeps the server from saying it is told in that row.
        writer = cache(partial(prepare_writer, server, settings, database, client))
        bench = WorkerContext(settings, server, database, client, writer, clock, chance)
        known = False
        while not stop.is_set():
            # Once known it stays so here, for the writer is kept as long.
            known = known or read_pin(server, settings, database) is not None
            if not (claimed := _claimed(bench, known=known)):
                break
            _deliver_all(bench, claimed, stop)
            done = True
    return done


def _is_due(database: Database, server: Server, clock: Clock) -> bool:
    """Return whether there is something to do: a read, so that an idle worker hardly ever takes the write lock."""
    with database.read() as tx:
        state = servers.read_state(tx, server.id)
        due = state.left_alone(clock()) is None and submissions.has_due(tx, server.id)
    # One that lies ahead is from before the clock was set back, and would hide for as long that nobody works.
    if state.worker_seen is None or abs(clock() - state.worker_seen) >= SIGN_OF_LIFE:
        with database.write() as tx:
            servers.record_worker_seen(tx, server.id)
    return due


def _no_credentials(database: Database, server: Server, clock: Clock, error: ServerError) -> None:
    with database.write() as tx:
        alarm = servers.pause_server(
            tx,
            server.id,
            until=clock() + SERVER_PAUSE,
            reason=CREDENTIALS_REASON,
            words=error.message,
        )
    if alarm:
        logger.error("server-paused", extra={"server": server.id, "reason": CREDENTIALS_REASON})


def _claimed(bench: WorkerContext, *, known: bool) -> tuple[LeasedSubmission | LeasedUndo, ...]:
    if not _is_due(bench.database, bench.server, bench.clock):
        return ()
    with bench.database.write() as tx:
        paused = servers.read_state(tx, bench.server.id).paused_since is not None
        # A paused server, and one nobody knows yet, is tried with one row by one worker; the others wait for what becomes of
        # it. A server asked by all at once what it offers can be too busy to answer anybody.
        alone = paused or not known
        if alone and not servers.acquire_probe(
            tx, bench.server.id, until=bench.clock() + SERVER_PAUSE, paused=paused
        ):
            return ()
        limit = 1 if alone else BATCH
        taken = undo_requests.acquire_undo_leases(
            tx, bench.server.id, limit=limit, lease=bench.lease_duration
        )
        return taken or leases.acquire_leases(
            tx, bench.server.id, limit=limit, lease=bench.lease_duration
        )


def _deliver_all(
    bench: WorkerContext, claimed: tuple[LeasedSubmission | LeasedUndo, ...], stop: threading.Event
) -> None:
    """Deliver row after row; where the server pauses or we are told to stop, the rest goes back at once."""
    began = bench.clock()
    for place, each in enumerate(claimed):
        if place and (stop.is_set() or not _may_go_on(bench, each, began)):
            _give_back(bench, claimed[place:])
            return
        if isinstance(each, LeasedUndo):
            deliver_undo(bench, each)
        else:
            deliver_submission(bench, each)


def _may_go_on(bench: WorkerContext, claimed: LeasedWork, began: datetime) -> bool:
    with bench.database.read() as tx:
        if servers.read_state(tx, bench.server.id).left_alone(bench.clock()):
            return False
    if bench.clock() - began < bench.lease_duration / 4:
        return True
    with bench.database.write() as tx:
        return leases.renew_lease(tx, claimed, bench.lease_duration)


def _give_back(bench: WorkerContext, claimed: tuple[LeasedSubmission | LeasedUndo, ...]) -> None:
    with bench.database.write() as tx:
        for each in claimed:
            leases.release_lease(tx, each, until=tx.now)
