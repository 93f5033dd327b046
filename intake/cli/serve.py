"""`intake serve`: one machine's whole site: migrates, then runs the pages and the worker as two child processes.

Two processes and not threads: a worker that runs out of memory or crashes in a library never takes the pages from a
patient, checking a Bundle never holds a page up, and SQLite's locks work between processes as they do between threads.
This parent imports neither, so that it costs some 15 MiB.

A child that dies is started again after 1, 2, 4, 8, 16 seconds, and standard error says so: the tablets go on without
a restart of everything. One that ends before it was ever up for ten seconds (the port is in use, the key is missing),
or that dies six times in a row, ends the whole with exit code 1: so a service manager such as systemd sees the failure,
counts it, alarms, and decides; an operator who looks at its state is never shown a site that only seems to run.
"""

import argparse
import subprocess
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from intake.cli.web import add_arguments as web_arguments

    web_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Migrate, then serve until SIGTERM or Ctrl-C; the pages' process says `ready web URL`."""
    from intake.cli.supervisor import Supervisor, intake_command

    # In a process of its own, so that alembic and SQLAlchemy leave the memory again.
    migrated = subprocess.run(intake_command("migrate"), check=False).returncode  # noqa: S603
    if migrated != 0:
        return migrated
    web = intake_command("web", "--host", args.host, "--port", str(args.port))
    return Supervisor({"web": web, "worker": intake_command("worker")}, _say).run()


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
