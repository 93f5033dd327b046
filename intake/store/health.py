"""Checks of the store: durable commits, matching keys, agreeing clocks, room to write."""

import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, text

from intake.store.database import Tx, sqlite_pragmas
from intake.store.tables import site_values, submissions

POSTGRES_REQUIRED: Mapping[str, str] = MappingProxyType({"fsync": "on", "full_page_writes": "on"})
PROBE_BYTES = 16 * 1024
"""More than the largest submission, so that a database without room for one has none for it."""


def durability_faults(tx: Tx) -> tuple[str, ...]:
    """Return the settings with which a power cut could lose a commit, such as `fsync=off`."""
    return tuple(
        _sqlite_faults(tx) if tx.connection.dialect.name == "sqlite" else _postgres_faults(tx)
    )


def _sqlite_faults(tx: Tx) -> Iterator[str]:
    # SQLite raises no error if another program or the file system prevents the journal mode.
    required = next(pragma.split("=")[1] for pragma in sqlite_pragmas() if "journal_mode" in pragma)
    actual = str(tx.connection.execute(text("PRAGMA journal_mode")).scalar())
    if actual.upper() != required:
        yield f"journal_mode={actual}"


def _postgres_faults(tx: Tx) -> Iterator[str]:
    for name, required in POSTGRES_REQUIRED.items():
        if (actual := _read_setting(tx, name)) != required:
            yield f"{name}={actual}"
    # All values but "off" wait for the disk of this server at least.
    if (actual := _read_setting(tx, "synchronous_commit")) == "off":
        yield f"synchronous_commit={actual}"


def _read_setting(tx: Tx, name: str) -> str:
    return str(tx.connection.execute(select(func.current_setting(name))).scalar())


def decrypt_samples(tx: Tx) -> int:
    """Decrypt the oldest and the newest submission; return how many there were.

    Raises KeyFileError. The answers are not returned.
    """
    # Oldest and newest: after a rotation these have different keys.
    encrypted = (
        select(submissions.c.id, submissions.c.payload)
        .where(submissions.c.payload.is_not(None))
        .limit(1)
    )
    rows = {
        row.id: row.payload
        for order in (submissions.c.number.asc(), submissions.c.number.desc())
        for row in tx.connection.execute(encrypted.order_by(order))
    }
    for identity, payload in rows.items():
        tx.cipher.decrypt(payload, identity)
    return len(rows)


def newest_submission_time(tx: Tx) -> datetime | None:
    """Return when the newest submission was stored, by the storing machine's clock."""
    return tx.connection.execute(select(func.max(submissions.c.queued_at))).scalar()


def server_time(tx: Tx) -> datetime | None:
    """Return the database server's time; None for SQLite, which uses this machine's clock."""
    if tx.connection.dialect.name == "sqlite":
        return None
    return tx.connection.execute(select(func.clock_timestamp())).scalar()


def write_probe(tx: Tx) -> None:
    """Write as much as a submission needs, so that the commit proves that there is room."""
    name = f"probe-{uuid4().hex[:20]}"
    # The new row comes before the deletion: the space of the old one does not count as room.
    tx.connection.execute(insert(site_values).values(name=name, value=bytes(PROBE_BYTES)))
    old_probes = site_values.c.name.startswith("probe-", autoescape=True)
    tx.connection.execute(delete(site_values).where(old_probes, site_values.c.name != name))


def find_folder_obstacle(folder: Path) -> str | None:
    """Return why this user cannot keep files in the folder, which need not exist; None if so."""
    existing = next(candidate for candidate in (folder, *folder.parents) if candidate.exists())
    if not existing.is_dir():
        return f"{existing} is a file"
    if not os.access(existing, os.W_OK | os.X_OK):
        return f"this user may not write to {existing}"
    return None


def free_bytes(folder: Path) -> int:
    """Return the free space of the folder's disk; the folder need not exist yet."""
    existing = next(candidate for candidate in (folder, *folder.parents) if candidate.is_dir())
    return shutil.disk_usage(existing).free
