"""Checks where submissions are stored: the key, the database and the disk."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from intake.clock import Clock
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.settings import Settings
from intake.shipped import POSTGRES_HINT
from intake.store import health, servers
from intake.store.crypto import Cipher, KeyFileError, load_keys
from intake.store.database import (
    HEAD_REVISION,
    Database,
    NewerSchemaError,
    Tx,
    open_database,
    open_engine,
    refuse_newer_schema,
)

MIN_FREE_BYTES = 2**30
CLOCK_TOLERANCE = timedelta(seconds=60)
RESTORE_KEY = (
    "Restore the key from its backup. `intake keys new` helps only a new site, "
    "because a new key does not decrypt what is stored."
)


def check_storage(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Yield the findings about disk, key and database."""
    # The disk needs neither key nor database, so it is checked even without them.
    yield _check_disk(settings)
    # Nor does the address of the database: with a wrong one, a key would not help.
    if fault := _find_address_fault(settings):
        yield fault
        yield unknown_finding("key", "whether it fits: the database cannot be opened")
        return
    try:
        cipher = load_keys(settings.key_file)
    except KeyFileError as error:
        yield wrong_finding("key", str(error), RESTORE_KEY)
        yield unknown_finding(
            "database", "its state: the data is encrypted and there is no usable key"
        )
        return
    count = len(cipher.file.keys)
    yield good_finding(
        "key",
        f"{settings.key_file}: {count} {'key' if count == 1 else 'keys'}, "
        "which no other user can read",
    )
    yield from _check_database(settings, cipher, clock)


def _find_address_fault(settings: Settings) -> Finding | None:
    """Return the fault of a database that cannot be opened, or None; needs no key."""
    url = make_url(settings.database_url)
    location = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        obstacle = health.find_folder_obstacle(Path(url.database or "").parent)
        if obstacle is None:
            return None
        return wrong_finding(
            "database",
            f"{location}: its folder cannot be used: {obstacle}",
            "Correct data_dir or database in intake.toml, or create the folder for this user.",
        )
    try:
        engine = open_engine(settings.database_url)
        with engine.connect():
            pass
        engine.dispose()
    except ImportError:
        return wrong_finding("database", f"{location}: its driver is missing", POSTGRES_HINT)
    except SQLAlchemyError as error:
        return wrong_finding(
            "database",
            f"{location} does not answer: {_first_line(error)}",
            "Is it running, and is `database` right?",
        )
    return None


def _check_disk(settings: Settings) -> Finding:
    if obstacle := health.find_folder_obstacle(settings.data_dir):
        return wrong_finding(
            "disk",
            f"{settings.data_dir}: it cannot be used: {obstacle}",
            "Correct data_dir in intake.toml, or create the folder for this user.",
        )
    free = health.free_bytes(settings.data_dir)
    summary = f"{settings.data_dir}: {free / 2**30:.1f} GiB free"
    if free >= MIN_FREE_BYTES:
        return good_finding("disk", summary)
    return wrong_finding("disk", summary, "Make room: on a full disk no patient can answer.")


def _check_database(settings: Settings, cipher: Cipher, clock: Clock) -> Iterator[Finding]:
    url = make_url(settings.database_url)
    location = url.render_as_string(hide_password=True)
    # Opening a SQLite database that does not exist would create it.
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        yield wrong_finding("database", f"{location}: there is none yet", "Run `intake migrate`.")
        return
    database = open_database(settings.database_url, cipher, clock)
    try:
        yield from _check_open_database(settings, database, location)
    except SQLAlchemyError as error:
        yield wrong_finding(
            "database",
            f"{location} does not answer: {_first_line(error)}",
            "Is it running, and is `database` right?",
        )
    finally:
        database.close()


def _first_line(error: Exception) -> str:
    # The driver's own message names host and user and never the password.
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def _check_open_database(
    settings: Settings, database: Database, location: str
) -> Iterator[Finding]:
    revision = database.read_revision()
    try:
        refuse_newer_schema(revision)
    except NewerSchemaError as error:
        yield wrong_finding(
            "database", f"{location}: {error}", "Install the version of intake that made it."
        )
        return
    if not database.is_current():
        state = (
            "no schema yet"
            if revision is None
            else f"schema {revision}, and this version works with {HEAD_REVISION}"
        )
        yield wrong_finding("database", f"{location} has {state}", "Run `intake migrate`.")
        return
    yield good_finding(
        "database", f"{location} answers, with the schema of this version ({revision})"
    )
    with database.read() as tx:
        yield _check_durability(tx, database.durability)
        yield _check_key(tx)
        yield _check_clocks(tx)
        for server_id in settings.servers:
            yield from _check_worker(tx, server_id)
        unconfigured = servers.count_unconfigured(tx, settings.servers.keys())
        for server_id, count in unconfigured.items():
            yield wrong_finding(
                f"server {server_id}",
                f"submissions waiting or held for it: {count}; "
                "intake.toml has no such table, so none of them is sent",
                f"Bring the table back under that name: [servers.{server_id}].",
            )


def _check_durability(tx: Tx, summary: str) -> Finding:
    """Check that the database waits for the disk: a patient is thanked when it commits."""
    if faults := health.durability_faults(tx):
        return wrong_finding(
            "database",
            f"a power cut could lose answers: {', '.join(faults)}",
            "Set it as config/deploy/README.md says.",
        )
    return good_finding("database", summary)


def _check_key(tx: Tx) -> Finding:
    try:
        count = health.decrypt_samples(tx)
    except KeyFileError as error:
        return wrong_finding("key", f"it does not decrypt what is stored: {error}", RESTORE_KEY)
    if count:
        return good_finding("key", "it decrypts the oldest and the newest submission")
    return unknown_finding("key", "whether it decrypts the submissions: nothing is stored yet")


def _check_clocks(tx: Tx) -> Finding:
    """Check our clock against the database server's and against the newest submission."""
    server_time, newest = health.server_time(tx), health.newest_submission_time(tx)
    if server_time is not None and abs(server_time - tx.now) > CLOCK_TOLERANCE:
        return wrong_finding(
            "clock",
            "the database server's clock is more than a minute from ours",
            "Synchronise both (NTP).",
        )
    # After a clock was set back, due times lie in the future, and submissions wait.
    if newest is not None and newest - tx.now > CLOCK_TOLERANCE:
        return wrong_finding(
            "clock",
            "the newest submission was stored in the future: this clock was set back",
            "Synchronise it (NTP).",
        )
    return good_finding(
        "clock", f"it is {tx.now:%Y-%m-%d %H:%M:%S} UTC, and nothing stored contradicts it"
    )


def _check_worker(tx: Tx, server_id: str) -> Iterator[Finding]:
    """Yield whether a worker runs for a server, has paused it, or lets it rest."""
    about, state = f"server {server_id}", servers.read_state(tx, server_id)
    if state.worker_seen is None:
        yield unknown_finding(about, "whether its worker runs: none has looked for submissions yet")
    elif not state.is_watched(tx.now):
        yield wrong_finding(
            about,
            f"no worker has looked for submissions since {state.worker_seen:%Y-%m-%d %H:%M} UTC",
            "Start `intake serve` or `intake worker`.",
        )
    else:
        yield good_finding(about, "a worker looks for submissions")
    if state.paused_since is not None:
        since = f"{state.paused_since:%Y-%m-%d %H:%M} UTC"
        yield wrong_finding(
            about,
            f"the worker has paused it since {since}: {state.words}",
            "Correct that. The worker tries again every minute, and nothing is lost.",
        )
    elif state.remaining_pause(tx.now):
        until = f"{state.paused_until:%Y-%m-%d %H:%M} UTC"
        yield unknown_finding(
            about,
            f"when it answers again: it asked for time, and the worker waits until {until}",
            "If that is too long, `Try again now` on the monitor ends the wait.",
        )
