"""What the worker does again and again is done whatever the clock is set to, and whatever a server keeps waiting."""

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
def working(site: TestSite, *, once: bool = False) -> Iterator[None]:
    """A worker that runs until the end of the block, or `once`."""
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
    """Nobody asks a server for anything, and the rounds follow each other quickly."""
    monkeypatch.setattr(fetch, "fetch_due_schedules", lambda *_: None)
    monkeypatch.setattr(loop, "_make_report", lambda *_: timedelta(hours=1))
    monkeypatch.setattr(loop, "ROUND_PAUSE", timedelta(milliseconds=1))
    monkeypatch.setattr(loop, "IDLE_PAUSE", timedelta(milliseconds=1))


def counting(before: Callable[[], None], seen: Event) -> Callable[..., bool]:
    """Stands for a round: does something the first time, and notes that there was a third."""
    times: list[None] = []

    def called(*_: object) -> bool:
        times.append(None)
        if len(times) == 1:
            before()
        if len(times) == 3:
            seen.set()
        return True

    return called


def test_a_clock_that_is_set_back_puts_nothing_off(
    pages: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied, sought = Event(), Event()
    monkeypatch.setattr(
        housekeeping, "erase_expired", counting(lambda: pages.clock.advance(hours=-5), tidied)
    )
    monkeypatch.setattr(patient_matching, "match_expected_patients", counting(lambda: None, sought))
    with working(pages):
        assert tidied.wait(SECONDS)
        assert sought.wait(SECONDS)


@pytest.mark.parametrize("once", [False, True])
def test_a_server_that_keeps_the_schedule_waiting_keeps_nothing_else(
    pages: TestSite, monkeypatch: pytest.MonkeyPatch, once: bool
) -> None:
    tidied, sought, fetched = Event(), Event(), Event()

    def hanging(*_: object) -> None:
        if tidied.wait(SECONDS) and sought.wait(SECONDS):
            fetched.set()

    def seek(*given: object) -> bool:
        if MatchState.NEW in given:
            sought.set()
        return True

    monkeypatch.setattr(fetch, "fetch_due_schedules", hanging)
    monkeypatch.setattr(housekeeping, "erase_expired", lambda *_: tidied.set())
    monkeypatch.setattr(patient_matching, "match_expected_patients", seek)
    with working(pages, once=once):
        assert fetched.wait(SECONDS)


def test_whoever_works_once_has_the_schedule_before_the_end(
    pages: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    monkeypatch.setattr(fetch, "fetch_due_schedules", lambda *_: done.append("schedule"))
    monkeypatch.setattr(housekeeping, "erase_expired", lambda *_: done.append("house"))
    monkeypatch.setattr(
        patient_matching, "match_expected_patients", lambda *given: done.append(given[3])
    )
    assert (
        loop.run_worker(pages.settings, pages.database, pages.clock, once=True, stop=Event()) == 0
    )
    assert sorted(map(str, done)) == ["house", "new", "none", "schedule"]


def test_what_a_killed_worker_exported_is_deleted_when_the_next_one_starts(pages: TestSite) -> None:
    left = pages.settings.data_dir / "exports" / "killed"
    left.mkdir(parents=True)
    loop.run_worker(pages.settings, pages.database, pages.clock, once=True, stop=Event())
    assert not left.exists()


def test_a_sign_of_life_from_before_the_clock_was_set_back_is_no_sign(pages: TestSite) -> None:
    with pages.database.write() as tx:
        servers.record_worker_seen(tx, "main")
    for step, moved in ((19, False), (1, True), (-19, False), (-3600, True)):
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
            seen = servers.read_state(tx, "main").worker_seen
        assert seen is not None
        assert (seen == pages.clock()) is moved
