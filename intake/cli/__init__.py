"""The command line: one module for each command, imported only when that command is called."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast


class Command(Protocol):
    """The two functions that each command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Run the command and return its exit code: 0 done, 1 fault or held work, 2 wrong usage."""


COMMANDS = {
    "demo": "try a clinic: FHIR server, people, pages and worker, until Ctrl-C",
    "serve": "migrate the database, then serve the pages and run the worker",
    "web": "serve the pages",
    "worker": "write submissions to the FHIR servers",
    "migrate": "bring the database to this version's schema",
    "check": "find faults in configuration, key, database, languages and FHIR servers",
    "submit": "put submissions from files into the outbox",
    "submissions": "list submissions and their states; worklist, undo",
    "users": "manage the staff accounts",
    "devices": "pair, list and revoke tablets",
    "links": "create pre-visit links for a day's visits",
    "keys": "manage the encryption key and the keys that sign requests to FHIR servers",
    "bundle": "print the transaction Bundle of one submission",
    "questionnaires": "print or publish the question sets as FHIR Questionnaires",
    "report": "print the completeness report",
    "terminology": "search races, languages and tribes as a patient does",
    "i18n": "collect messages into the catalogs, and check every language",
}

CONFIG_HINT = (
    "With --config DIR, or INTAKE_CONFIG=DIR, a command uses the site's own configuration."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the entry point of `intake`."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words == ["--version"]:
        return _import_command("version").run(argparse.Namespace())
    if not words or words[0] not in COMMANDS:
        return _print_overview(words)
    remaining = _apply_config_option(words[1:])
    command = _import_command(words[0])
    parser = argparse.ArgumentParser(
        prog=f"intake {words[0]}", description=COMMANDS[words[0]], epilog=CONFIG_HINT
    )
    command.add_arguments(parser)
    args = parser.parse_args(remaining)
    return _run_command(command, args)


def _import_command(name: str) -> Command:
    return cast("Command", import_module(f"intake.cli.{name}"))


def _apply_config_option(words: list[str]) -> list[str]:
    """Apply `--config DIR`, at any position among the words, and return the other words."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config", type=Path, metavar="DIR")
    args, remaining = parser.parse_known_args(words)
    if args.config is not None:
        # The environment also reaches child processes, such as those of `intake serve`.
        os.environ["INTAKE_CONFIG"] = str(args.config.resolve())
    return remaining


def _run_command(command: Command, args: argparse.Namespace) -> int:
    try:
        return command.run(args)
    except BrokenPipeError:
        # The reader of our output, such as `head`, has closed it. Without this redirection Python
        # would flush the remaining output at exit and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        # Late, because it loads the database library: `intake bundle` stays small without it.
        from intake.cli.error_messages import describe_error

        sentences = describe_error(error)
        if not sentences:
            raise
        print("\n".join(sentences), file=sys.stderr)
        return 1


def _print_overview(words: list[str]) -> int:
    """Print the list of commands; exit code 2 after an unknown command."""
    is_help = words in ([], ["-h"], ["--help"])
    out = sys.stdout if is_help else sys.stderr
    if is_help:
        print("usage: intake COMMAND …; `intake COMMAND --help` explains one command\n", file=out)
    else:
        print(f"intake: there is no command '{words[0]}'; the commands are:\n", file=out)
    for name, summary in COMMANDS.items():
        print(f"  {name:<15} {summary}", file=out)
    return 0 if is_help else 2
