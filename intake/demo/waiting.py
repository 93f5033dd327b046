"""Waits for what the demo started, and notices what ends by itself."""

import threading
import time
from collections.abc import Callable, Sequence

import requests

from intake.demo.processes import LOOK_SECONDS, DemoFault, Interrupted, Running
from intake.settings import Settings
from intake.store import visits
from intake.store.database import Database

PATIENCE = 60
WATCH_SECONDS = 0.5


def until_answering(url: str, children: Sequence[Running], stop: threading.Event) -> None:
    """Wait until a GET of the URL is answered with 200."""
    with requests.Session() as session:
        session.trust_env = False

        def answering() -> bool:
            try:
                return session.get(url, timeout=2).status_code == 200
            except requests.RequestException:
                return False

        _until(answering, f"{url} does not answer", children, stop)


def until_fetched(
    settings: Settings, database: Database, children: Sequence[Running], stop: threading.Event
) -> None:
    """Wait until the worker has fetched every clinic's schedule."""

    def fetched() -> bool:
        with database.read() as tx:
            return all(visits.last_fetched(tx, clinic) is not None for clinic in settings.clinics)

    _until(fetched, "the worker does not get the schedule from the FHIR server", children, stop)


def watch(children: Sequence[Running], stop: threading.Event) -> None:
    """Return when `stop` is set; raises DemoFault where a child ends by itself."""
    while not stop.wait(WATCH_SECONDS):
        _all_there(children)


def _until(
    done: Callable[[], bool], complaint: str, children: Sequence[Running], stop: threading.Event
) -> None:
    since = time.monotonic()
    while not done():
        _all_there(children)
        if time.monotonic() - since > PATIENCE:
            logs = children[0].log.parent
            raise DemoFault(f"After a minute {complaint}; the logs in {logs} may say why.")
        if stop.wait(LOOK_SECONDS):
            raise Interrupted


def _all_there(children: Sequence[Running]) -> None:
    for child in children:
        code = child.process.poll()
        if code is not None:
            name = child.name[0].upper() + child.name[1:]
            raise DemoFault(
                f"{name} ended by itself (exit code {code}), so the demo was ended; the last words were: {child.last_words()} "
                f"({child.log} has them all)."
            )
