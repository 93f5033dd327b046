"""Tablets: staff pair each with one clinic by a code, and can revoke it."""

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
# 0, 1, I and O are left out, because readers mistake them for one another.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Device:
    """One tablet; its pairing code, if it is not paired yet, is valid until `invited_until`."""

    id: str
    clinic: str
    label: str
    invited_until: datetime | None
    paired_at: datetime | None
    last_seen: datetime | None
    revoked_at: datetime | None


def invite_device(tx: Tx, clinic: str, label: str) -> str:
    """Return a pairing code such as `7KQ2-M9XD`, valid once and for an hour."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(8))
    values = {
        "id": str(uuid4()),
        "clinic": clinic,
        "label": label,
        "invite_key": tx.cipher.keyed_hash("invite", code),
        "invited_until": tx.now + PAIRING_CODE_LIFETIME,
    }
    tx.connection.execute(insert(table).values(values))
    return f"{code[:4]}-{code[4:]}"


def pair_device(tx: Tx, code: str) -> tuple[Device, str] | None:
    """Use up a pairing code; return the tablet and its token, None if the code is invalid."""
    # Staff read the code aloud and type it by hand, so case, spaces and hyphens do not matter.
    plain_code = "".join(character for character in code.upper() if character in ALPHABET)
    is_valid = (
        table.c.invite_key == tx.cipher.keyed_hash("invite", plain_code),
        table.c.invited_until > tx.now,
        table.c.revoked_at.is_(None),
    )
    token = secrets.token_urlsafe(32)
    values = {
        "token_key": tx.cipher.keyed_hash("device", token),
        "paired_at": tx.now,
        "last_seen": tx.now,
        "invite_key": None,
    }
    if tx.connection.execute(update(table).where(*is_valid).values(values)).rowcount != 1:
        return None
    device = find_by_token(tx, token)
    return None if device is None else (device, token)


def find_by_token(tx: Tx, token: str) -> Device | None:
    """Return the paired tablet with this token, None if there is none or it was revoked."""
    # Only the token's hash is stored: a copy of the database pairs no tablet.
    query = select(table).where(
        table.c.token_key == tx.cipher.keyed_hash("device", token),
        table.c.revoked_at.is_(None),
    )
    row = tx.connection.execute(query).first()
    return None if row is None else _device_from_row(row)


def record_seen(tx: Tx, identity: str) -> None:
    """Record that the tablet requested a page now."""
    tx.connection.execute(update(table).where(table.c.id == identity).values(last_seen=tx.now))


def list_devices(tx: Tx, clinic: str | None = None) -> tuple[Device, ...]:
    """Return the tablets of one clinic, or of all, by clinic and label."""
    query = select(table).order_by(table.c.clinic, table.c.label, table.c.id)
    rows = tx.connection.execute(query)
    return tuple(_device_from_row(row) for row in rows if clinic in (None, row.clinic))


def find_device(tx: Tx, identity: str) -> Device | None:
    """Return the tablet with this id, None if there is none."""
    row = tx.connection.execute(select(table).where(table.c.id == identity)).first()
    return None if row is None else _device_from_row(row)


def revoke_device(tx: Tx, identity: str) -> bool:
    """Invalidate the tablet's token or pairing code and erase the draft on it.

    Return False if it was revoked before.
    """
    # A stolen tablet must not show the answers of the patient who used it last.
    tx.connection.execute(delete(drafts).where(drafts.c.device == identity))
    query = (
        update(table)
        .where(table.c.id == identity, table.c.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    )
    return tx.connection.execute(query).rowcount == 1


def _device_from_row(row: Any) -> Device:
    return Device(
        row.id,
        row.clinic,
        row.label,
        row.invited_until,
        row.paired_at,
        row.last_seen,
        row.revoked_at,
    )
