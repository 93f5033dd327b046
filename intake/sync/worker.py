"""The worker: a few threads a server that claim and deliver, one for the nightly report, and one that keeps house."""

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from fhir_client.errors import ServerFault
from intake.clock import Clock
from intake.settings import Server, Settings
from intake.store import claims, servers, submissions
from intake.store.database import Database
from intake.store.submissions import Status
from intake.sync import housekeeping, reports, schedule
from intake.sync.backoff import Chance
from intake.sync.clients import client_for, writer_for
from intake.sync.log import logger
from intake.sync.one import PAUSE, Bench, deliver

IDLE_SECONDS = 1.0
# A lease outlives every time-out of the requests that one delivery can make, so that nobody else sends beside us.
REQUESTS_PER_DELIVERY = 12
BATCH = 4
HOUSEKEEPING = timedelta(minutes=1)
REPORT_LOOK, REPORT_RETRY = timedelta(minutes=1), timedelta(minutes=15)


def run(settings: Settings, database: Database, clock: Clock, *, once: bool, stop: threading.Event) -> int:
    """Work until `stop` is set, or with `once` until nothing is due; returns 1 where submissions are held, else 0."""
    threads = [
        threading.Thread(target=_work, args=(settings, server, database, clock, once, stop), name=f"{server.id}-{number}")
        for server in settings.servers.values()
        for number in range(1 if once else server.workers)
    ]
    threads.append(threading.Thread(target=_report, args=(settings, database, clock, once, stop), name="report"))
    _keep_house(settings, database, clock)
    for thread in threads:
        thread.start()
    due = clock() + HOUSEKEEPING
    while not once and not stop.wait(IDLE_SECONDS):
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


def _keep_house(settings: Settings, database: Database, clock: Clock) -> None:
    schedule.fetch_due(settings, database, clock)
    housekeeping.tidy(settings, database)


def _report(settings: Settings, database: Database, clock: Clock, once: bool, stop: threading.Event) -> None:
    # A thread of its own: a search over a whole year must keep neither the schedule nor a submission waiting.
    while not stop.is_set():
        done = reports.make_due(settings, database, clock, stop)
        if once:
            return
        stop.wait((REPORT_LOOK if done else REPORT_RETRY).total_seconds())


def _work(settings: Settings, server: Server, database: Database, clock: Clock, once: bool, stop: threading.Event) -> None:
    # The threads' own jitter needs no cryptographic chance.
    chance: Chance = random.Random().random  # noqa: S311
    while not stop.is_set():
        busy = _guarded(lambda: drain(settings, server, database, clock, chance, stop), server)
        if not busy and once:
            return
        if not busy:
            stop.wait(IDLE_SECONDS)


def _guarded(work: Callable[[], bool], server: Server) -> bool:
    try:
        return work()
    except Exception as error:  # noqa: BLE001
        # One unforeseen fault must not end the thread: the row's lease runs out and it is claimed again.
        logger.error("fault", extra={"server": server.id, "reason": type(error).__name__})
        return False


def drain(settings: Settings, server: Server, database: Database, clock: Clock, chance: Chance, stop: threading.Event) -> bool:
    """Deliver what is due for the server, batch after batch; returns whether anything was."""
    done = False
    try:
        client = client_for(server)
    except ServerFault as error:
        with database.write() as tx:
            servers.pause(tx, server.id, until=clock() + PAUSE, reason="credentials", words=error.words)
        return False
    with client:
        bench = Bench(settings, server, database, client, writer_for(server, settings.mapping), clock, chance)
        while not stop.is_set() and (claimed := _claimed(bench)):
            for each in claimed:
                deliver(bench, each)
            done = True
    return done


def _claimed(bench: Bench) -> tuple[claims.Claimed, ...]:
    with bench.database.read() as tx:
        paused = servers.state(tx, bench.server.id).paused_until
        waiting = submissions.has_due(tx, bench.server.id)
    if not waiting or (paused is not None and paused > bench.clock()):
        return ()
    lease = bench.server.timeout * REQUESTS_PER_DELIVERY * BATCH
    with bench.database.write() as tx:
        return claims.claim(tx, bench.server.id, limit=BATCH, lease=lease)
