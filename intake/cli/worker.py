"""`intake worker`: writes submissions to the FHIR servers until it is told to stop."""

import argparse
import signal
import threading


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--once",
        action="store_true",
        help="do what is due and end; exit code 1 where submissions are held",
    )


def run(args: argparse.Namespace) -> int:
    """Work."""
    from intake.cli.opening import opened
    from intake.clock import system_clock
    from intake.settings import load
    from intake.sync import log, worker

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.start(system_clock)
    settings = load()
    with opened(settings) as database:
        return worker.run(settings, database, system_clock, once=args.once, stop=stop)
