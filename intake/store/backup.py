"""Copies a database that is in use to a file, and puts such a file back."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import URL, make_url

from intake.store import private_files
from intake.store.database import open_engine
from intake.store.site_keys import is_blank

SQLITE_FILE, POSTGRES_FILE = "database.sqlite3", "database.pgdump"


class BackupError(Exception):
    """The database cannot be copied or put back; the message says why."""


def copy_database(url: str, folder: Path) -> Path:
    """Write a consistent copy of the database into the folder; returns the file.

    Raises BackupError, and the errors of the database.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _copy_sqlite(url, folder / SQLITE_FILE)
    target = folder / POSTGRES_FILE
    _run_tool("pg_dump", address, "--format=custom", f"--file={target}")
    target.chmod(0o600)
    return target


def _copy_sqlite(url: str, target: Path) -> Path:
    # The file itself may hold half a transaction while others write; VACUUM INTO reads one state.
    private_files.create_file(target, b"")
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(target),))
    finally:
        engine.dispose()
    return target


def restore_database(url: str, file: Path) -> None:
    """Put the copy in the place of a database that is missing or empty; raises BackupError."""
    address = make_url(url)
    is_sqlite = address.get_backend_name() == "sqlite"
    if (file.name == SQLITE_FILE) is not is_sqlite:
        raise BackupError(f"{file.name} is a copy of another kind of database than `database`.")
    if not is_blank(url):
        location = address.render_as_string(hide_password=True)
        raise BackupError(f"{location} is there already; move it away first.")
    if not is_sqlite:
        # One transaction: a restore that fails leaves the database as empty as it was.
        options = ("--no-owner", "--exit-on-error", "--single-transaction", "--no-privileges")
        _run_tool("pg_restore", address, *options, f"--dbname={address.database}", str(file))
        return
    target = Path(address.database or "")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A log of another database beside the file would be applied to it.
    for ending in ("-wal", "-shm", "-journal"):
        target.with_name(target.name + ending).unlink(missing_ok=True)
    private_files.replace_file(target, file.read_bytes())


def _run_tool(tool: str, address: URL, *options: str) -> None:
    """Run a tool of PostgreSQL; raises BackupError with its words, which have no password."""
    if shutil.which(tool) is None:
        raise BackupError(f"{tool} is not on PATH: it comes with PostgreSQL's client programs.")
    command = (tool, "--no-password", *options)
    done = subprocess.run(  # noqa: S603  # The command is ours, and the options are paths.
        command, env=_tool_environment(address), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise BackupError(f"{tool}: {words[-1]}")


def _tool_environment(address: URL) -> Mapping[str, str]:
    # Every user of the machine can read the arguments of a process, but not its environment.
    host = address.host or _first_text(address.query.get("host"))
    values = {
        "PGHOST": host,
        "PGPORT": str(address.port) if address.port else None,
        "PGUSER": address.username,
        "PGPASSWORD": address.password,
        "PGDATABASE": address.database,
    }
    return {**os.environ, **{name: str(value) for name, value in values.items() if value}}


def _first_text(value: str | Sequence[str] | None) -> str | None:
    return value if value is None or isinstance(value, str) else value[0]
