"""The command line: one module per group of commands, imported only when its command is called."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast


class Command(Protocol):
    """What each command's module offers."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it and return the exit code: 0 done, 1 a fault found or work held, 2 wrong usage."""


COMMANDS = {
    "demo": "a clinic to try: FHIR server, people, pages and worker, until Ctrl-C",
    "web": "serves the pages",
    "worker": "writes submissions to the FHIR servers",
    "migrate": "bring the database to this version",
    "submit": "put submissions from files into the outbox",
    "submissions": "what became of every submission",
    "keys": "make and rotate the encryption key",
    "bundle": "print the transaction Bundle of one submission",
    "report": "the completeness report",
    "i18n": "collect messages into the catalogs, and check every language",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the entry point of `intake`."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in COMMANDS:
        return _overview(words)
    command = cast("Command", import_module(f"intake.cli.{words[0]}"))
    parser = argparse.ArgumentParser(prog=f"intake {words[0]}", description=COMMANDS[words[0]])
    command.arguments(parser)
    return _run(command, parser.parse_args(words[1:]))


def _run(command: Command, args: argparse.Namespace) -> int:
    from intake.cli.opening import NotReady
    from intake.settings import SettingsError
    from intake.store.crypto import KeyFault

    try:
        return command.run(args)
    except (NotReady, KeyFault) as error:
        print(error, file=sys.stderr)
        return 1
    except SettingsError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return 1


def _overview(words: list[str]) -> int:
    asked = words in ([], ["-h"], ["--help"])
    out = sys.stdout if asked else sys.stderr
    if not asked:
        print(f"intake: there is no command '{words[0]}'; the commands are:\n", file=out)
    else:
        print("usage: intake COMMAND …; `intake COMMAND --help` says more\n", file=out)
    for name, words_for in COMMANDS.items():
        print(f"  {name:<12} {words_for}", file=out)
    return 0 if asked else 2
