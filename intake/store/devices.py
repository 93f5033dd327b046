"""Tablets: each is paired with one clinic by a code that staff make, seen, and revoked."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, select, update

from intake.store.database import Tx
from intake.store.tables import devices as table
from intake.store.tables import drafts

PAIRING_CODE_LIFETIME = timedelta(hours=1)
MAX_LABEL_LENGTH = 80
# Without letters and digits that are taken for one another.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Device:
    """One tablet; `invited_until` is how long its pairing code is good, where it is not paired yet."""

    id: str
    clinic: str
    label: str
    invited_until: datetime | None
    paired_at: datetime | None
    last_seen: datetime | None
    revoked_at: datetime | None


def invite_device(tx: Tx, clinic: str, label: str) -> str:
    """Return a pairing code for a new tablet of the clinic, such as `7KQ2-M9XD`, good once and for an hour."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(8))
    values = {
        "id": str(uuid4()),
        "clinic": clinic,
        "label": label,
        "invite_key": tx.cipher.keyed_hash("invite", code),
    }
    tx.connection.execute(
        insert(table).values(**values, invited_until=tx.now + PAIRING_CODE_LIFETIME)
    )
    return f"{code[:4]}-{code[4:]}"


def pair_device(tx: Tx, code: str) -> tuple[Device, str] | None:
    """Use a pairing code up; returns the tablet and the token that it carries from now on."""
    plain = "".join(character for character in code.upper() if character in ALPHABET)
    mine = [
        table.c.invite_key == tx.cipher.keyed_hash("invite", plain),
        table.c.invited_until > tx.now,
    ]
    token = secrets.token_urlsafe(32)
    values = {
        "token_key": tx.cipher.keyed_hash("device", token),
        "paired_at": tx.now,
        "last_seen": tx.now,
    }
    query = (
        update(table).where(*mine, table.c.revoked_at.is_(None)).values(**values, invite_key=None)
    )
    if tx.connection.execute(query).rowcount != 1:
        return None
    device = find_by_token(tx, token)
    return None if device is None else (device, token)


def find_by_token(tx: Tx, token: str) -> Device | None:
    """Return the paired tablet that carries `token`, unless it was revoked."""
    mine = (
        table.c.token_key == tx.cipher.keyed_hash("device", token),
        table.c.revoked_at.is_(None),
    )
    row = tx.connection.execute(select(table).where(*mine)).first()
    return None if row is None else _device(row)


def record_seen(tx: Tx, identity: str) -> None:
    """Note that the tablet asked for a page."""
    tx.connection.execute(update(table).where(table.c.id == identity).values(last_seen=tx.now))


def list_devices(tx: Tx, clinic: str | None = None) -> tuple[Device, ...]:
    """Return the tablets by clinic and label."""
    query = select(table).order_by(table.c.clinic, table.c.label, table.c.id)
    return tuple(
        _device(row) for row in tx.connection.execute(query) if clinic in (None, row.clinic)
    )


def find_device(tx: Tx, identity: str) -> Device | None:
    """Return the tablet of that id."""
    row = tx.connection.execute(select(table).where(table.c.id == identity)).first()
    return None if row is None else _device(row)


def revoke_device(tx: Tx, identity: str) -> bool:
    """Make the tablet's token, or its pairing code, worthless, and wipe what is on it; False where it is so already."""
    tx.connection.execute(delete(drafts).where(drafts.c.device == identity))
    query = (
        update(table)
        .where(table.c.id == identity, table.c.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    )
    return tx.connection.execute(query).rowcount == 1


def _device(row: Any) -> Device:
    return Device(
        row.id,
        row.clinic,
        row.label,
        row.invited_until,
        row.paired_at,
        row.last_seen,
        row.revoked_at,
    )
