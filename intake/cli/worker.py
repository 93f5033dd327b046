"""`intake worker`: writes submissions to the FHIR servers until it is told to stop."""

import argparse
import signal
import threading

from intake import log
from intake.cli.readiness import signal_ready
from intake.cli.site import open_current_database
from intake.clock import system_clock
from intake.settings import load_site_settings
from intake.worker import loop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--once",
        action="store_true",
        help="deliver what is due, then end; exit code 1 if submissions are held",
    )


def run(args: argparse.Namespace) -> int:
    """Run the worker."""
    stop = threading.Event()
    # The worker finishes the submission in hand, so a stop never interrupts a write.
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop.set())
    log.start_logging(system_clock)
    settings = load_site_settings()
    with open_current_database(settings) as database:
        signal_ready()
        return loop.run_worker(settings, database, system_clock, once=args.once, stop=stop)
