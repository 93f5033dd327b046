"""Waits until the demo's processes are ready, and notices a process that ends."""

import threading
import time
from collections.abc import Callable, Sequence

import requests

from intake.demo.processes import POLL_SECONDS, DemoError, DemoProcess, DemoStoppedError
from intake.settings import Settings
from intake.store import visits
from intake.store.database import Database

READY_SECONDS = 60
WATCH_SECONDS = 0.5


def wait_until_answering(url: str, children: Sequence[DemoProcess], stop: threading.Event) -> None:
    """Wait until a GET of the URL is answered with 200."""
    with requests.Session() as session:
        # A proxy from the environment could not reach this machine's loopback address.
        session.trust_env = False

        def is_answering() -> bool:
            try:
                return session.get(url, timeout=2).status_code == 200
            except requests.RequestException:
                return False

        _wait_until(is_answering, f"{url} does not answer", children, stop)


def wait_for_schedules(
    settings: Settings, database: Database, children: Sequence[DemoProcess], stop: threading.Event
) -> None:
    """Wait until the worker has fetched every clinic's schedule."""

    def are_fetched() -> bool:
        with database.read() as tx:
            return all(
                visits.last_fetched_at(tx, clinic) is not None for clinic in settings.clinics
            )

    complaint = "the worker does not get the schedule from the FHIR server"
    _wait_until(are_fetched, complaint, children, stop)


def watch_processes(children: Sequence[DemoProcess], stop: threading.Event) -> None:
    """Return when `stop` is set; raises DemoError when a process ends by itself."""
    while not stop.wait(WATCH_SECONDS):
        _require_running(children)


def _wait_until(
    is_done: Callable[[], bool],
    complaint: str,
    children: Sequence[DemoProcess],
    stop: threading.Event,
) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_done():
        # A process that has ended explains the delay better than a time-out.
        _require_running(children)
        if time.monotonic() > deadline:
            logs = children[0].log.parent
            raise DemoError(f"After a minute {complaint}; the logs in {logs} may say why.")
        if stop.wait(POLL_SECONDS):
            raise DemoStoppedError


def _require_running(children: Sequence[DemoProcess]) -> None:
    for child in children:
        exit_code = child.process.poll()
        if exit_code is not None:
            name = child.name[0].upper() + child.name[1:]
            raise DemoError(
                f"{name} ended by itself (exit code {exit_code}), so the demo was ended; "
                f"its last message was: {child.read_last_line()} ({child.log} has all of them)."
            )
