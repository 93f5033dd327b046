"""Pre-visit links: a random token opens one visit, with few tries and until an end.

Only a keyed hash of the 128-bit token is stored.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update

from intake.clock import day_bounds
from intake.store import visits
from intake.store.database import Tx
from intake.store.tables import links as table
from intake.store.visits import Visit

MAX_TRIES = 5


@dataclass(frozen=True, slots=True)
class Link:
    """One link; `visit` is None once the schedule no longer has the visit."""

    id: str
    visit: Visit | None
    expires_at: datetime
    tries_left: int
    device_key: str | None
    used_at: datetime | None
    revoked_at: datetime | None


def expiry_time(visit: Visit, now: datetime, ttl: timedelta, zone: ZoneInfo) -> datetime:
    """Return when a link expires: at the end of the visit's day, or earlier after `ttl`."""
    # The day ends at midnight of the clinic's zone.
    _, end = day_bounds(visit.starts_at.astimezone(zone).date(), zone)
    return min(now + ttl, end)


def create_link(tx: Tx, visit: Visit, expires_at: datetime) -> tuple[str, str]:
    """Return the id and the token of a new link to the visit."""
    # The id is safe to show to staff and to log. The token opens the link and is never stored.
    identity, token = str(uuid4()), secrets.token_urlsafe(16)
    values = {
        "id": identity,
        "token_key": tx.cipher.keyed_hash("link", token),
        "visit": visit.id,
        "tries_left": MAX_TRIES,
        "expires_at": expires_at,
    }
    tx.connection.execute(insert(table).values(values))
    return identity, token


def find_link(tx: Tx, token: str) -> Link | None:
    """Return the link with this token in any state, None if there is none."""
    query = select(table).where(table.c.token_key == tx.cipher.keyed_hash("link", token))
    row = tx.connection.execute(query).first()
    return None if row is None else _link_from_row(tx, row)


def record_failed_try(tx: Tx, link: Link) -> None:
    """Take one try away from the link."""
    # The database subtracts, so that two tries at once cost two.
    query = update(table).where(table.c.id == link.id)
    tx.connection.execute(query.values(tries_left=table.c.tries_left - 1))


def bind_to_device(tx: Tx, link: Link, device: str) -> None:
    """Let the link open only on the device that has the secret `device`."""
    query = update(table).where(table.c.id == link.id)
    tx.connection.execute(query.values(device_key=_device_key(tx, device)))


def is_bound_elsewhere(tx: Tx, link: Link, device: str | None) -> bool:
    """Return whether the link is bound to a device without the secret `device`."""
    # The first device that opens the link with the right birth date gets bound to it.
    if link.device_key is None:
        return False
    return device is None or link.device_key != _device_key(tx, device)


def mark_used(tx: Tx, identity: str) -> None:
    """Record that a patient submitted through the link; it opens nothing from now on."""
    tx.connection.execute(update(table).where(table.c.id == identity).values(used_at=tx.now))


def revoke_link(tx: Tx, identity: str) -> bool:
    """Invalidate the link; return False if it was revoked before."""
    query = (
        update(table)
        .where(table.c.id == identity, table.c.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    )
    return tx.connection.execute(query).rowcount == 1


def _device_key(tx: Tx, device: str) -> str:
    return tx.cipher.keyed_hash("link device", device)


def _link_from_row(tx: Tx, row: Any) -> Link:
    visit = visits.find_visit(tx, row.visit)
    return Link(
        row.id, visit, row.expires_at, row.tries_left, row.device_key, row.used_at, row.revoked_at
    )
