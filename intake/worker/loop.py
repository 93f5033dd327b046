"""Runs the worker's threads: some a server, and one for each recurring task."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from intake.clock import Clock
from intake.feed import export, live_report
from intake.log import error_location, logger
from intake.schedule import fetch
from intake.settings import Server, Settings
from intake.store.database import Database
from intake.store.outbox import group_actions
from intake.store.outbox.counts import count_by_status
from intake.store.outbox.records import Status
from intake.store.visits import MatchState
from intake.worker import chart_searches, drift, housekeeping, patient_matching
from intake.worker.backoff import JitterSource
from intake.worker.batches import deliver_due

IDLE_PAUSE = timedelta(seconds=1)
ROUND_PAUSE = timedelta(minutes=1)
SEARCH_RETRY_PAUSE = timedelta(seconds=10)
"""Staff wait for a search, and an action on a group must not wait long for a failing server."""
REPORT_PAUSE, REPORT_RETRY_PAUSE = timedelta(minutes=1), timedelta(minutes=15)


def run_worker(
    settings: Settings, database: Database, clock: Clock, *, once: bool, stop: threading.Event
) -> int:
    """Work until `stop` is set, or with `once` until nothing is due.

    Returns 1 if submissions are held, else 0.
    """
    threads = [
        threading.Thread(
            target=_deliver_until_stopped,
            args=(settings, server, database, clock, once, stop),
            name=f"{server.id}-{number}",
        )
        for server in settings.servers.values()
        for number in range(1 if once else server.workers)
    ]
    rounds = {
        "schedule": partial(_fetch_schedules, settings, database, clock),
        "walk-ins": partial(_match_new_patients, settings, database, clock),
        "requests": partial(_serve_staff, settings, database, clock),
    }
    if not once:
        # `intake worker --once` empties the outbox: it must not wait for a search over a year.
        rounds |= {
            "report": partial(_make_report, settings, database, clock, stop),
            "drift": partial(_check_drift, settings, database, clock, stop),
        }
    threads += [
        threading.Thread(target=_repeat_round, args=(run_round, once, stop), name=name)
        for name, run_round in rounds.items()
    ]
    for thread in threads:
        thread.start()
    _repeat_round(partial(_keep_house, settings, database), once, stop)
    for thread in threads:
        thread.join()
    with database.read() as tx:
        return 1 if count_by_status(tx)[Status.HELD] else 0


def _repeat_round(run_round: Callable[[], timedelta], once: bool, stop: threading.Event) -> None:
    """Run a round now and, unless `once`, again after the pause that it returns."""
    # The pause is waited for, not computed from the clock: a clock that is set back by hours must
    # not delay the next round by as much.
    while not stop.is_set():
        pause = run_round()
        if once:
            return
        stop.wait(pause.total_seconds())


def _match_new_patients(settings: Settings, database: Database, clock: Clock) -> timedelta:
    match_patients = partial(
        patient_matching.match_expected_patients, settings, database, clock, MatchState.NEW
    )
    # The desk waits for the result. A server that fails is not asked every second, however.
    return IDLE_PAUSE if _run_guarded(match_patients) else ROUND_PAUSE


def _serve_staff(settings: Settings, database: Database, clock: Clock) -> timedelta:
    # A reviewer waits for the charts. A server that fails is not asked every second, however.
    search_charts = partial(chart_searches.run_chart_searches, settings, database, clock)
    _run_guarded(partial(_advance_group_actions, database))
    return IDLE_PAUSE if _run_guarded(search_charts) else SEARCH_RETRY_PAUSE


def _advance_group_actions(database: Database) -> None:
    # Mostly a read, so that an idle worker hardly ever takes the write lock.
    with database.read() as tx:
        is_open = group_actions.has_open_action(tx)
    while is_open:
        with database.write() as tx:
            is_open = group_actions.advance_group_action(tx)


def _fetch_schedules(settings: Settings, database: Database, clock: Clock) -> timedelta:
    # A thread of its own: a server that does not answer costs one time-out for each clinic.
    _run_guarded(partial(fetch.fetch_due_schedules, settings, database, clock))
    match_patients = partial(
        patient_matching.match_expected_patients, settings, database, clock, MatchState.NONE
    )
    _run_guarded(match_patients)
    return ROUND_PAUSE


def _keep_house(settings: Settings, database: Database) -> timedelta:
    # A full disk can stop the housekeeping. The submissions go on.
    _run_guarded(partial(housekeeping.erase_expired, settings, database))
    _run_guarded(partial(export.delete_abandoned_exports, settings))
    return ROUND_PAUSE


def _make_report(
    settings: Settings, database: Database, clock: Clock, stop: threading.Event
) -> timedelta:
    # A thread of its own: a search over a whole year must not delay schedules or submissions.
    is_made = live_report.make_due_report(settings, database, clock, stop)
    return REPORT_PAUSE if is_made else REPORT_RETRY_PAUSE


def _check_drift(
    settings: Settings, database: Database, clock: Clock, stop: threading.Event
) -> timedelta:
    # A thread of its own: at night it reads every chart again that was written to.
    _run_guarded(partial(drift.check_drift_at_night, settings, database, clock, stop))
    return ROUND_PAUSE


def _deliver_until_stopped(
    settings: Settings,
    server: Server,
    database: Database,
    clock: Clock,
    once: bool,
    stop: threading.Event,
) -> None:
    # Jitter protects no secret, so it needs no cryptographic random source.
    jitter: JitterSource = random.Random().random  # noqa: S311
    while not stop.is_set():
        is_busy = _run_guarded(
            partial(deliver_due, settings, server, database, clock, jitter, stop)
        )
        if not is_busy and once:
            return
        if not is_busy:
            stop.wait(IDLE_PAUSE.total_seconds())


def _run_guarded(work: Callable[[], object]) -> bool:
    try:
        return bool(work())
    except Exception as error:  # noqa: BLE001
        # An unforeseen error must not end the thread. The submission's lease ends, and a worker
        # acquires it again.
        fields = {"reason": type(error).__name__, "where": error_location(error)}
        logger.error("fault", extra=fields)
        return False
