"""`intake demo`: a clinic to try, all on this machine, until Ctrl-C."""

import argparse
import os
import signal
import threading
from pathlib import Path

from intake.cli.argument_types import parse_port
from intake.cli.output import print_message, print_note

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
        help="write the demo's invented people even to a server that is not on this machine",
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo."""
    # The handlers come first: the imports below take most of a second, and Ctrl-C within it
    # would otherwise end in a traceback.
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    from intake.demo import processes, startup

    options = startup.DemoOptions(_demo_folder(), args.port, args.fhir, args.seed)
    output = startup.DemoOutput(_print_result, print_note)
    try:
        startup.run_demo(options, output, stop)
    except processes.DemoError as error:
        print_message(error)
        return 1
    except processes.DemoStoppedError:
        return 0
    return 0


def _demo_folder() -> Path:
    data = os.environ.get("INTAKE_DATA")
    return (Path(data) if data else Path.home() / ".local" / "share" / "intake").resolve() / "demo"


def _print_result(line: str) -> None:
    print(line, flush=True)
