"""The worker: a few threads a server that claim and deliver, one for the nightly report, and one that keeps house."""

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial

from fhir_client.errors import ServerFault
from intake.clock import Clock
from intake.settings import Server, Settings
from intake.store import claims, servers, submissions, undoing
from intake.store.claims import Claimed, Leased
from intake.store.database import Database
from intake.store.submissions import Status
from intake.store.undoing import Undoing
from intake.store.visits import Search
from intake.sync import drift, housekeeping, matching, reports, schedule
from intake.sync.backoff import Chance
from intake.sync.bench import Bench
from intake.sync.clients import client_for
from intake.sync.log import logger, where
from intake.sync.one import deliver
from intake.sync.outcomes import CREDENTIALS, PAUSE
from intake.sync.strategy import pinned, writer_for
from intake.sync.undoing import take_back

IDLE_SECONDS = 1.0
BATCH = 4
HOUSEKEEPING = timedelta(minutes=1)
SIGN_OF_LIFE = timedelta(seconds=20)
"""How often a worker is noted as there, so that the monitor can tell "nothing to do" from "nobody does it"."""
REPORT_LOOK, REPORT_RETRY = timedelta(minutes=1), timedelta(minutes=15)


def run(settings: Settings, database: Database, clock: Clock, *, once: bool, stop: threading.Event) -> int:
    """Work until `stop` is set, or with `once` until nothing is due; returns 1 where submissions are held, else 0."""
    threads = [
        threading.Thread(target=_work, args=(settings, server, database, clock, once, stop), name=f"{server.id}-{number}")
        for server in settings.servers.values()
        for number in range(1 if once else server.workers)
    ]
    if not once:
        # Whoever empties the outbox once does not wait for a search over a whole year.
        threads.append(threading.Thread(target=_report, args=(settings, database, clock, stop), name="report"))
        threads.append(threading.Thread(target=_drift, args=(settings, database, clock, stop), name="drift"))
    for thread in threads:
        thread.start()
    _keep_house(settings, database, clock)
    due, next_search = clock() + HOUSEKEEPING, clock()
    while not once and not stop.wait(IDLE_SECONDS):
        next_search = _charts_looked_for(settings, database, clock, next_search)
        due = _house_kept(settings, database, clock, due)
    for thread in threads:
        thread.join()
    with database.read() as tx:
        return 1 if submissions.counts(tx)[Status.HELD] else 0


def _house_kept(settings: Settings, database: Database, clock: Clock, due: datetime) -> datetime:
    if clock() < due:
        return due
    _keep_house(settings, database, clock)
    return clock() + HOUSEKEEPING


def _charts_looked_for(settings: Settings, database: Database, clock: Clock, due: datetime) -> datetime:
    if clock() < due:
        return due
    # The desk waits for it; but a server that fails is not asked every second.
    done = _guarded(partial(matching.seek, settings, database, clock, Search.NEW))
    return clock() if done else clock() + HOUSEKEEPING


def _keep_house(settings: Settings, database: Database, clock: Clock) -> None:
    # Whatever a schedule or a full disk does here, the submissions go on.
    _guarded(partial(schedule.fetch_due, settings, database, clock))
    _guarded(partial(matching.seek, settings, database, clock, Search.NEW, Search.NONE))
    _guarded(partial(housekeeping.tidy, settings, database))


def _report(settings: Settings, database: Database, clock: Clock, stop: threading.Event) -> None:
    # A thread of its own: a search over a whole year must keep neither the schedule nor a submission waiting.
    while not stop.is_set():
        done = reports.make_due(settings, database, clock, stop)
        stop.wait((REPORT_LOOK if done else REPORT_RETRY).total_seconds())


def _drift(settings: Settings, database: Database, clock: Clock, stop: threading.Event) -> None:
    # At night every chart that was written to is read again, which takes its time.
    while not stop.is_set():
        _guarded(partial(drift.look_at_night, settings, database, clock, stop))
        stop.wait(HOUSEKEEPING.total_seconds())


def _work(settings: Settings, server: Server, database: Database, clock: Clock, once: bool, stop: threading.Event) -> None:
    # The threads' own jitter needs no cryptographic chance.
    chance: Chance = random.Random().random  # noqa: S311
    while not stop.is_set():
        busy = _guarded(partial(drain, settings, server, database, clock, chance, stop))
        if not busy and once:
            return
        if not busy:
            stop.wait(IDLE_SECONDS)


def _guarded(work: Callable[[], object]) -> bool:
    try:
        return bool(work())
    except Exception as error:  # noqa: BLE001
        # One unforeseen fault must not end the thread: a row's lease runs out and it is claimed again.
        logger.error("fault", extra={"reason": type(error).__name__, "where": where(error)})
        return False


def drain(settings: Settings, server: Server, database: Database, clock: Clock, chance: Chance, stop: threading.Event) -> bool:
    """Deliver what is due for the server, batch after batch; returns whether anything was."""
    if not _is_due(database, server, clock):
        return False
    try:
        client = client_for(server)
    except ServerFault as error:
        _no_credentials(database, server, clock, error)
        return False
    done = False
    with client:
        # Asked when the first row needs it, so that what keeps the server from saying it is told in that row.
        writer = cache(partial(writer_for, server, settings, database, client))
        bench = Bench(settings, server, database, client, writer, clock, chance)
        known = False
        while not stop.is_set():
            # Once known it stays so here, for the writer is kept as long.
            known = known or pinned(server, settings, database) is not None
            if not (claimed := _claimed(bench, known=known)):
                break
            _deliver_all(bench, claimed, stop)
            done = True
    return done


def _is_due(database: Database, server: Server, clock: Clock) -> bool:
    """Return whether there is something to do: a read, so that an idle worker hardly ever takes the write lock."""
    with database.read() as tx:
        state = servers.state(tx, server.id)
        due = not _resting(state, clock) and submissions.has_due(tx, server.id)
    if state.worker_seen is None or clock() - state.worker_seen >= SIGN_OF_LIFE:
        with database.write() as tx:
            servers.worker_looked(tx, server.id)
    return due


def _resting(state: servers.ServerState, clock: Clock) -> bool:
    return state.paused_until is not None and state.paused_until > clock()


def _no_credentials(database: Database, server: Server, clock: Clock, error: ServerFault) -> None:
    with database.write() as tx:
        alarm = servers.pause(tx, server.id, until=clock() + PAUSE, reason=CREDENTIALS, words=error.words)
    if alarm:
        logger.error("server-paused", extra={"server": server.id, "reason": CREDENTIALS})


def _claimed(bench: Bench, *, known: bool) -> tuple[Claimed | Undoing, ...]:
    if not _is_due(bench.database, bench.server, bench.clock):
        return ()
    with bench.database.write() as tx:
        paused = servers.state(tx, bench.server.id).paused_since is not None
        # A paused server, and one nobody knows yet, is tried with one row by one worker; the others wait for what becomes of
        # it. A server asked by all at once what it offers can be too busy to answer anybody.
        alone = paused or not known
        if alone and not servers.probe(tx, bench.server.id, until=bench.clock() + PAUSE, paused=paused):
            return ()
        limit = 1 if alone else BATCH
        taken = undoing.claim(tx, bench.server.id, limit=limit, lease=bench.lease)
        return taken or claims.claim(tx, bench.server.id, limit=limit, lease=bench.lease)


def _deliver_all(bench: Bench, claimed: tuple[Claimed | Undoing, ...], stop: threading.Event) -> None:
    """Deliver row after row; where the server pauses or we are told to stop, the rest goes back at once."""
    began = bench.clock()
    for place, each in enumerate(claimed):
        if place and (stop.is_set() or not _may_go_on(bench, each, began)):
            _give_back(bench, claimed[place:])
            return
        if isinstance(each, Undoing):
            take_back(bench, each)
        else:
            deliver(bench, each)


def _may_go_on(bench: Bench, claimed: Leased, began: datetime) -> bool:
    with bench.database.read() as tx:
        if _resting(servers.state(tx, bench.server.id), bench.clock):
            return False
    if bench.clock() - began < bench.lease / 4:
        return True
    with bench.database.write() as tx:
        return claims.renew(tx, claimed, bench.lease)


def _give_back(bench: Bench, claimed: tuple[Claimed | Undoing, ...]) -> None:
    with bench.database.write() as tx:
        for each in claimed:
            claims.release(tx, each, until=tx.now)
