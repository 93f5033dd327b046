"""The worker repeats each task at any clock setting, and no task delays another."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import pytest

from intake.schedule import fetch
from intake.store import servers
from intake.store.visits import MatchState
from intake.worker import batches, housekeeping, loop, patient_matching
from tests.support.sites import TestSite

SECONDS = 10


@contextmanager
def run_in_thread(site: TestSite, *, once: bool = False) -> Iterator[None]:
    """Run a worker until the end of the block, or `once`."""
    stop = Event()
    thread = Thread(
        target=loop.run_worker,
        args=(site.settings, site.database, site.clock),
        kwargs={"once": once, "stop": stop},
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """No task calls a server, and the rounds follow each other quickly."""
    monkeypatch.setattr(fetch, "fetch_due_schedules", lambda *_: None)
    monkeypatch.setattr(loop, "_make_report", lambda *_: timedelta(hours=1))
    monkeypatch.setattr(loop, "ROUND_PAUSE", timedelta(milliseconds=1))
    monkeypatch.setattr(loop, "IDLE_PAUSE", timedelta(milliseconds=1))


def count_rounds(act_first: Callable[[], None], third_round: Event) -> Callable[..., bool]:
    """Return a round that acts the first time, and sets the event the third time."""
    rounds: list[None] = []

    def run_round(*_: object) -> bool:
        rounds.append(None)
        if len(rounds) == 1:
            act_first()
        if len(rounds) == 3:
            third_round.set()
        return True

    return run_round


def test_a_clock_that_is_set_back_delays_nothing(
    pages: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased, matched = Event(), Event()
    set_back = count_rounds(lambda: pages.clock.advance(hours=-5), erased)
    monkeypatch.setattr(housekeeping, "erase_expired", set_back)
    monkeypatch.setattr(
        patient_matching, "match_expected_patients", count_rounds(lambda: None, matched)
    )
    with run_in_thread(pages):
        assert erased.wait(SECONDS)
        assert matched.wait(SECONDS)


@pytest.mark.parametrize("once", [False, True])
def test_a_server_that_delays_the_schedule_delays_nothing_else(
    pages: TestSite, monkeypatch: pytest.MonkeyPatch, once: bool
) -> None:
    erased, matched, fetched = Event(), Event(), Event()

    def fetch_slowly(*_: object) -> None:
        if erased.wait(SECONDS) and matched.wait(SECONDS):
            fetched.set()

    def match_patients(*arguments: object) -> bool:
        if MatchState.NEW in arguments:
            matched.set()
        return True

    monkeypatch.setattr(fetch, "fetch_due_schedules", fetch_slowly)
    monkeypatch.setattr(housekeeping, "erase_expired", lambda *_: erased.set())
    monkeypatch.setattr(patient_matching, "match_expected_patients", match_patients)
    with run_in_thread(pages, once=once):
        assert fetched.wait(SECONDS)


def test_a_worker_that_runs_once_fetches_the_schedule(
    pages: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks: list[object] = []
    monkeypatch.setattr(fetch, "fetch_due_schedules", lambda *_: tasks.append("schedule"))
    monkeypatch.setattr(housekeeping, "erase_expired", lambda *_: tasks.append("house"))
    monkeypatch.setattr(
        patient_matching,
        "match_expected_patients",
        lambda *arguments: tasks.append(arguments[3]),
    )
    assert (
        loop.run_worker(pages.settings, pages.database, pages.clock, once=True, stop=Event()) == 0
    )
    assert sorted(map(str, tasks)) == ["house", "new", "none", "schedule"]


def test_a_new_worker_deletes_the_exports_of_a_killed_one(pages: TestSite) -> None:
    abandoned = pages.settings.data_dir / "exports" / "killed"
    abandoned.mkdir(parents=True)
    loop.run_worker(pages.settings, pages.database, pages.clock, once=True, stop=Event())
    assert not abandoned.exists()


def test_a_sign_of_life_in_the_future_does_not_count(pages: TestSite) -> None:
    with pages.database.write() as tx:
        servers.record_worker_seen(tx, "main")
    # A future time is left from before the clock was set back.
    for step, is_recorded in ((19, False), (1, True), (-19, False), (-3600, True)):
        pages.clock.advance(seconds=step)
        batches.deliver_due(
            pages.settings,
            pages.settings.servers["main"],
            pages.database,
            pages.clock,
            lambda: 0.5,
            Event(),
        )
        with pages.database.read() as tx:
            seen_at = servers.read_state(tx, "main").worker_seen
        assert seen_at is not None
        assert (seen_at == pages.clock()) is is_recorded
