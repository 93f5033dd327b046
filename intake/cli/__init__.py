"""The command line: one module per group of commands, imported only when its command is called."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast


class Command(Protocol):
    """What each command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it and return the exit code: 0 done, 1 a fault found or work held, 2 wrong usage."""


COMMANDS = {
    "demo": "a clinic to try: FHIR server, people, pages and worker, until Ctrl-C",
    "serve": "migrates, then serves the pages and runs the worker",
    "web": "serves the pages",
    "worker": "writes submissions to the FHIR servers",
    "migrate": "bring the database to this version",
    "check": "what is right and wrong with configuration, key, database, languages and FHIR servers",
    "submit": "put submissions from files into the outbox",
    "submissions": "what became of every submission",
    "users": "who may sign in to the staff's pages",
    "devices": "pair, list and revoke tablets",
    "links": "pre-visit links for a day's visits",
    "keys": "the key that seals what is kept, and those by which FHIR servers know us",
    "bundle": "print the transaction Bundle of one submission",
    "questionnaires": "the question sets as FHIR Questionnaires: print or publish",
    "report": "the completeness report",
    "i18n": "collect messages into the catalogs, and check every language",
}

SILENT = "Is data_dir there and writable, or the server up? `intake check` says more."
SPOILT = "Is it the right one, and whole? config/deploy/README.md says how a backup is put back."
SITE = "With --config DIR, or INTAKE_CONFIG=DIR, a command works with the site's own configuration."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the entry point of `intake`."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in COMMANDS:
        return _overview(words)
    rest = _in_the_sites_folder(words[1:])
    command = cast("Command", import_module(f"intake.cli.{words[0]}"))
    parser = argparse.ArgumentParser(
        prog=f"intake {words[0]}", description=COMMANDS[words[0]], epilog=SITE
    )
    command.add_arguments(parser)
    args = parser.parse_args(rest)
    return _run(command, args)


def _in_the_sites_folder(words: list[str]) -> list[str]:
    """Take `--config DIR` out of the words, wherever it stands, and return the rest."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config", type=Path, metavar="DIR")
    args, rest = parser.parse_known_args(words)
    if args.config is not None:
        # Through the environment it also reaches what a command starts, such as the children of `intake serve`.
        os.environ["INTAKE_CONFIG"] = str(args.config.resolve())
    return rest


def _run(command: Command, args: argparse.Namespace) -> int:
    try:
        return command.run(args)
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has seen enough; Python must not try to flush the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        words = _plain_words(error)
        if not words:
            raise
        print("\n".join(words), file=sys.stderr)
        return 1


def _plain_words(error: Exception) -> tuple[str, ...]:
    """Return the sentences of an error that says itself what to do; nothing for any other, which is ours to mend."""
    # Imported only now, for some commands need neither database nor keys and stay small without them.
    from sqlalchemy.exc import DBAPIError, NoSuchModuleError, OperationalError

    from intake.cli.site import NotReadyError
    from intake.settings import SettingsError
    from intake.store.crypto import KeyFileError
    from intake.store.database import NewerSchemaError
    from intake.store.group_commit import NotStoredError

    match error:
        case SettingsError():
            return error.faults
        case NotReadyError() | KeyFileError() | NewerSchemaError():
            return (str(error),)
        case DBAPIError() | NoSuchModuleError() | NotStoredError():
            # The driver's own words name no password and no value; SQLAlchemy's would quote the statement.
            said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            silent = not isinstance(error, DBAPIError) or isinstance(error, OperationalError)
            return (
                f"The database {'does not answer' if silent else 'cannot be used'}: {said}",
                SILENT if silent else SPOILT,
            )
        case ModuleNotFoundError(name="psycopg"):
            return ("PostgreSQL needs the extra: pip install 'intake[postgres]'.",)
        case OSError(strerror=str()):
            # A file or folder: what networks do has other names by the time that it comes here.
            return (
                ": ".join(
                    str(each) for each in (error.filename, error.strerror) if each is not None
                ),
            )
        case _:
            return ()


def _overview(words: list[str]) -> int:
    asked = words in ([], ["-h"], ["--help"])
    out = sys.stdout if asked else sys.stderr
    if not asked:
        print(f"intake: there is no command '{words[0]}'; the commands are:\n", file=out)
    else:
        print("usage: intake COMMAND …; `intake COMMAND --help` says more\n", file=out)
    for name, words_for in COMMANDS.items():
        print(f"  {name:<15} {words_for}", file=out)
    return 0 if asked else 2
