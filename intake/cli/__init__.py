"""The command line: one module for each command, imported only when that command is called."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from intake.cli.command_parser import CommandParser
from intake.cli.output import QUIET, discard_output, prepare_streams
from intake.cli.readiness import CANNOT_HEAL, is_supervised
from intake.suggestions import suggest_word

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells give it: 128 and the number of SIGINT."""


class Command(Protocol):
    """The two functions that each command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Run the command and return its exit code: 0 done, 1 fault or held work, 2 wrong usage."""


GROUPS: Mapping[str, Mapping[str, str]] = {
    "Begin": {
        "demo": "try a clinic: FHIR server, people, pages and worker, until Ctrl-C",
        "init": "make a site's folder and its keys, by asking or from options",
        "check": "find faults in configuration, key, database, languages and FHIR servers",
    },
    "Run": {
        "serve": "migrate the database, then serve the pages and run the worker",
        "web": "serve the pages",
        "worker": "write submissions to the FHIR servers",
        "migrate": "bring the database to this version's schema",
    },
    "Submissions": {
        "submissions": "list submissions and their states; retry, discard, undo, type by hand",
        "submit": "put submissions from files into the outbox",
        "bundle": "print the transaction Bundle of one submission",
        "report": "print the completeness report",
    },
    "Manage": {
        "users": "manage the staff accounts",
        "devices": "pair, list and revoke tablets",
        "links": "create pre-visit links for a day's visits",
        "backup": "copy database and site folder, and the keys apart, while everything runs",
        "restore": "put a backup back where a site or its database is lost",
        "keys": "manage the encryption key and the keys that sign requests to FHIR servers",
        "paper": "print the paper sheet of a question set in one language",
        "questionnaires": "print or publish the question sets as FHIR Questionnaires",
        "terminology": "search races, languages and tribes as a patient does",
        "i18n": "collect messages into the catalogs, and check every language",
    },
    "Help": {
        "help": "explain one command",
        "version": "print version, commit and schema",
        "completion": "print the script with which bash, zsh or fish completes commands",
    },
}
COMMANDS: Mapping[str, str] = {
    name: summary for group in GROUPS.values() for name, summary in group.items()
}

GLOBAL_HELP = (
    "Everywhere: --config DIR names the site's folder, as INTAKE_CONFIG=DIR does; "
    "--quiet leaves out progress and advice."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the entry point of `intake`."""
    prepare_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        exit_code = _run_words(_apply_global_options(words))
        # A reader that has gone away is noticed here, and not at the end of the process.
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has what it wants.
        discard_output()
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        # Late, because it loads the database library: `intake bundle` stays small without it.
        from intake.cli.error_messages import describe_error, needs_person

        sentences = describe_error(error)
        if not sentences:
            raise
        print("\n".join(sentences), file=sys.stderr)
        discard_output()
        return CANNOT_HEAL if is_supervised() and needs_person(error) else 1
    return exit_code


def build_parser(name: str) -> CommandParser:
    """Return the parser of a command."""
    parser = CommandParser(prog=f"intake {name}", description=COMMANDS[name], epilog=GLOBAL_HELP)
    _import_command(name).add_arguments(parser)
    return parser


def _run_words(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        words = ["version"]
    if not words or words in (["-h"], ["--help"], ["help"]):
        _print_overview()
        return 0
    if words[0] == "help" and words[1:] not in (["-h"], ["--help"]):
        # `intake help users add` and `intake users add --help` are the same.
        words = [*words[1:], "--help"]
    name = words[0]
    if name not in COMMANDS:
        return _refuse_command(name)
    parser = build_parser(name)
    parser.refuse_unknown_options(words[1:])
    return _import_command(name).run(parser.parse_args(words[1:]))


def _import_command(name: str) -> Command:
    return cast("Command", import_module(f"intake.cli.{name}"))


def _apply_global_options(words: list[str]) -> list[str]:
    """Apply `--config DIR` and `--quiet`, at any position, and return the other words."""
    parser = CommandParser(prog="intake", add_help=False)
    parser.add_argument("--config", type=Path, metavar="DIR")
    parser.add_argument("-q", "--quiet", action="store_true")
    # Behind `--` every word is an argument, such as a file's name.
    end = words.index("--") if "--" in words else len(words)
    args, remaining = parser.parse_known_args(words[:end])
    # The environment also reaches child processes, such as those of `intake serve`.
    if args.config is not None:
        os.environ["INTAKE_CONFIG"] = str(args.config.resolve())
    if args.quiet:
        os.environ[QUIET] = "1"
    return [*remaining, *words[end:]]


def _print_overview() -> None:
    print("usage: intake COMMAND …; `intake help COMMAND` explains one command")
    for group, commands in GROUPS.items():
        print(f"\n{group}:")
        for name, summary in commands.items():
            print(f"  {name:<15} {summary}")
    print(f"\n{GLOBAL_HELP}")


def _refuse_command(name: str) -> int:
    kind = "option" if name.startswith("-") else "command"
    suggestion = suggest_word(name, (*COMMANDS, "--version", "--help", "--config", "--quiet"))
    ending = f"; did you mean {suggestion}?" if suggestion else ""
    print(f"intake: there is no {kind} '{name}'{ending}", file=sys.stderr)
    print("`intake help` lists the commands.", file=sys.stderr)
    return 2
