"""`intake serve`: migrates, then runs the pages and the worker of one machine's whole site.

They are two child processes and not threads: a worker that runs out of memory or crashes in a
library never takes the pages from a patient, and checking a Bundle never delays a page. SQLite's
locks work between processes as they do between threads. This parent imports neither, so it costs
some 15 MiB.

Before it starts them, `intake migrate` finds the faults that would end both: each is reported once.

The parent restarts a child that dies after 1, 2, 4, 8, 16 seconds and says so on standard error:
the tablets continue without a restart of everything. A child that ends before it has said that it
is ready (the port is in use), that ends for a fault which only a person can correct (the key is
gone), or that dies six times in a row, ends the whole with exit code 1. A service manager such as
systemd then sees the failure, counts it and decides.
"""

import argparse
import subprocess

from intake.cli.argument_types import add_listen_arguments
from intake.cli.output import print_message
from intake.cli.supervisor import Supervisor, intake_command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_listen_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Migrate, then serve until SIGTERM or Ctrl-C; the pages' process prints `ready web URL`."""
    # A process of its own: alembic and SQLAlchemy leave the memory when it ends.
    migration = subprocess.run(  # noqa: S603  # The command is ours.
        intake_command("migrate", "--for-serving"), check=False
    )
    if migration.returncode != 0:
        return migration.returncode
    web = intake_command("web", "--host", args.host, "--port", str(args.port))
    commands = {"web": web, "worker": intake_command("worker")}
    return Supervisor(commands, _print_event).run()


def _print_event(sentence: str) -> None:
    print_message(sentence)
