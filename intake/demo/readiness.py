"""Waits for what the demo started, and notices what ends by itself."""

import threading
import time
from collections.abc import Callable, Sequence

import requests

from intake.demo.processes import POLL_SECONDS, DemoError, DemoProcess, DemoStoppedError
from intake.settings import Settings
from intake.store import visits
from intake.store.database import Database

PATIENCE = 60
WATCH_SECONDS = 0.5


def wait_until_answering(url: str, children: Sequence[DemoProcess], stop: threading.Event) -> None:
    """Wait until a GET of the URL is answered with 200."""
    with requests.Session() as session:
        session.trust_env = False

        def answering() -> bool:
            try:
                return session.get(url, timeout=2).status_code == 200
            except requests.RequestException:
                return False

        _until(answering, f"{url} does not answer", children, stop)


def wait_for_schedules(
    settings: Settings, database: Database, children: Sequence[DemoProcess], stop: threading.Event
) -> None:
    """Wait until the worker has fetched every clinic's schedule."""

    def fetched() -> bool:
        with database.read() as tx:
            return all(
                visits.last_fetched_at(tx, clinic) is not None for clinic in settings.clinics
            )

    _until(fetched, "the worker does not get the schedule from the FHIR server", children, stop)


def watch_processes(children: Sequence[DemoProcess], stop: threading.Event) -> None:
    """Return when `stop` is set; raises DemoFault where a child ends by itself."""
    while not stop.wait(WATCH_SECONDS):
        _all_there(children)


def _until(
    done: Callable[[], bool], complaint: str, children: Sequence[DemoProcess], stop: threading.Event
) -> None:
    since = time.monotonic()
    while not done():
        _all_there(children)
        if time.monotonic() - since > PATIENCE:
            logs = children[0].log.parent
            raise DemoError(f"After a minute {complaint}; the logs in {logs} may say why.")
        if stop.wait(POLL_SECONDS):
            raise DemoStoppedError


def _all_there(children: Sequence[DemoProcess]) -> None:
    for child in children:
        code = child.process.poll()
        if code is not None:
            name = child.name[0].upper() + child.name[1:]
            raise DemoError(
                f"{name} ended by itself (exit code {code}), so the demo was ended; the last words were: {child.read_last_line()} "
                f"({child.log} has them all)."
            )
