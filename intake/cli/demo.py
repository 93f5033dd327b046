"""`intake demo`: a clinic to try, all on this machine, until Ctrl-C."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from intake.cli.argument_types import parse_port

PORT = 8100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--port",
        type=parse_port,
        default=PORT,
        help=f"the pages' port, 0 for any free one ({PORT})",
    )
    parser.add_argument(
        "--fhir", metavar="URL", help="use this FHIR R4 server instead of starting one"
    )
    parser.add_argument(
        "--seed",
        action="store_true",
        help="write the demo's people there though it is not on this machine",
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo."""
    # The first thing: a signal must find us ready to end what was started, and imports take a while.
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    from intake.cli.site import print_message
    from intake.demo.processes import DemoError, DemoStoppedError
    from intake.demo.startup import DemoOptions, DemoOutput, run_demo

    try:
        run_demo(
            DemoOptions(_home(), args.port, args.fhir, args.seed),
            DemoOutput(_out, print_message),
            stop,
        )
    except DemoError as fault:
        print_message(fault)
        return 1
    except DemoStoppedError:
        return 0
    return 0


def _home() -> Path:
    kept = os.environ.get("INTAKE_DATA")
    return (Path(kept) if kept else Path.home() / ".local" / "share" / "intake").resolve() / "demo"


def _out(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
