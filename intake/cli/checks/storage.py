"""Where submissions are kept: the key, the database, the disk."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from intake.clock import Clock
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.settings import Settings
from intake.store import health, servers
from intake.store.crypto import Cipher, KeyFileError, load_keys
from intake.store.database import (
    HEAD_REVISION,
    Database,
    NewerSchemaError,
    Tx,
    open_database,
    refuse_newer_schema,
)

LEAST_FREE = 2**30
SKEW = timedelta(seconds=60)
RESTORE = "Restore the key from its backup; only for a new site does `intake keys new` help, for it opens nothing stored before."


def check_storage(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Yield what is found of key, disk and database."""
    yield _disk(settings)
    try:
        cipher = load_keys(settings.key_file)
    except KeyFileError as fault:
        yield wrong_finding("key", str(fault), RESTORE)
        yield unknown_finding(
            "database", "nothing of it, because what it keeps is sealed and the key is not at hand"
        )
        return
    count = len(cipher.file.keys)
    yield good_finding(
        "key",
        f"{settings.key_file}: {count} {'key' if count == 1 else 'keys'}, which nobody else can read",
    )
    yield from _database(settings, cipher, clock)


def _disk(settings: Settings) -> Finding:
    folder = next(each for each in (settings.data_dir, *settings.data_dir.parents) if each.is_dir())
    free = shutil.disk_usage(folder).free
    words = f"{settings.data_dir}: {free / 2**30:.1f} GiB free"
    return (
        good_finding("disk", words)
        if free >= LEAST_FREE
        else wrong_finding("disk", words, "Make room: with a full disk nobody can answer.")
    )


def _database(settings: Settings, cipher: Cipher, clock: Clock) -> Iterator[Finding]:
    url = make_url(settings.database_url)
    where = url.render_as_string(hide_password=True)
    # Opening a SQLite database that is not there would make one.
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        yield wrong_finding("database", f"{where}: there is none yet", "Run `intake migrate`.")
        return
    try:
        database = open_database(settings.database_url, cipher, clock)
    except (SQLAlchemyError, ImportError) as error:
        yield wrong_finding(
            "database",
            f"{where}: {_first_line(error)}",
            "PostgreSQL needs the extra: `pip install 'intake[postgres]'`.",
        )
        return
    try:
        yield from _opened(settings, database, where)
    except SQLAlchemyError as error:
        yield wrong_finding(
            "database",
            f"{where} does not answer: {_first_line(error)}",
            "Is it running, and is `database` right?",
        )
    finally:
        database.close()


def _first_line(error: Exception) -> str:
    # The driver's own words name host and user and never the password.
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def _opened(settings: Settings, database: Database, where: str) -> Iterator[Finding]:
    revision = database.read_revision()
    try:
        refuse_newer_schema(revision)
    except NewerSchemaError as fault:
        yield wrong_finding(
            "database", f"{where}: {fault}", "Install the version of intake that made it."
        )
        return
    if not database.is_current():
        found = (
            "no schema yet"
            if revision is None
            else f"schema {revision}, and this version works with {HEAD_REVISION}"
        )
        yield wrong_finding("database", f"{where} has {found}", "Run `intake migrate`.")
        return
    yield good_finding("database", f"{where} answers, with the schema of this version ({revision})")
    with database.read() as tx:
        yield _durability(tx, database.durability)
        yield _sealed(tx)
        yield _clocks(tx)
        for server in settings.servers:
            yield from _worked(tx, server)
        for server, count in servers.count_unconfigured(tx, settings.servers.keys()).items():
            words = f"waiting for it, or held: {count}; intake.toml has no such table, so that none of it is sent"
            yield wrong_finding(
                f"server {server}",
                words,
                f"Bring the table back under that name: [servers.{server}].",
            )


def _durability(tx: Tx, words: str) -> Finding:
    if weak := health.durability_faults(tx):
        return wrong_finding(
            "database",
            f"a power cut could lose answers: {', '.join(weak)}",
            "Set it as config/deploy/README.md says.",
        )
    return good_finding("database", words)


def _sealed(tx: Tx) -> Finding:
    try:
        count = health.decrypt_samples(tx)
    except KeyFileError as fault:
        return wrong_finding("key", f"it does not open what is stored: {fault}", RESTORE)
    return (
        good_finding("key", "it opens the oldest and the newest submission")
        if count
        else unknown_finding("key", "nothing is stored yet to open")
    )


def _clocks(tx: Tx) -> Finding:
    theirs, newest = health.server_time(tx), health.newest_submission_time(tx)
    if theirs is not None and abs(theirs - tx.now) > SKEW:
        return wrong_finding(
            "clock",
            "the database server's clock is more than a minute from ours",
            "Synchronise both (NTP).",
        )
    if newest is not None and newest - tx.now > SKEW:
        return wrong_finding(
            "clock",
            "the newest submission was stored in the future: this clock was set back",
            "Synchronise it (NTP).",
        )
    return good_finding(
        "clock", f"it is {tx.now:%Y-%m-%d %H:%M:%S} UTC, and nothing stored says otherwise"
    )


def _worked(tx: Tx, server: str) -> Iterator[Finding]:
    """Yield how the worker fares with a server: does it run, has it paused the server, does the server rest."""
    about, state = f"server {server}", servers.read_state(tx, server)
    if state.worker_seen is None:
        yield unknown_finding(about, "whether its worker runs: none has looked for submissions yet")
    elif not state.is_watched(tx.now):
        since = f"{state.worker_seen:%Y-%m-%d %H:%M} UTC"
        yield wrong_finding(
            about,
            f"no worker has looked for submissions since {since}",
            "Start `intake serve` or `intake worker`.",
        )
    else:
        yield good_finding(about, "a worker looks for submissions")
    if state.paused_since is not None:
        yield wrong_finding(
            about,
            f"the worker has paused it since {state.paused_since:%Y-%m-%d %H:%M} UTC: {state.words}",
            "Mend that; the worker tries again every minute, and nothing is lost meanwhile.",
        )
    elif state.left_alone(tx.now):
        until = f"{state.paused_until:%Y-%m-%d %H:%M} UTC"
        words = f"when it answers again: it asked for time, and the worker leaves it alone until {until}"
        yield unknown_finding(
            about, words, "Where that is too long, `Try again now` on the monitor ends it."
        )
