"""Sign-ins: one row per browser of a staff member.

Because they are rows and not cookies, a sign-out, a disabled account or a new password ends them
at once.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from intake.store import users
from intake.store.database import Tx
from intake.store.tables import sign_ins as table
from intake.store.users import User

ACTIVITY_INTERVAL = timedelta(minutes=1)
"""The activity of a browser is stored at most this often: a write for every page costs too much."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """One browser of one staff member.

    `once` is True after a one-time sign-in, which may set a password without the old one.
    """

    id: str
    user: User
    once: bool
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """How long a sign-in lasts without activity, and at most."""

    idle: timedelta
    longest: timedelta


def start_sign_in(tx: Tx, user: User, *, once: bool) -> str:
    """Sign a browser in; return its token."""
    # The browser keeps the token and the store its hash: a copy of the database signs no one in.
    token = secrets.token_urlsafe(32)
    values = {
        "token_key": _token_key(tx, token),
        "user_id": user.id,
        "once": once,
        "began_at": tx.now,
        "seen_at": tx.now,
    }
    tx.connection.execute(insert(table).values(values))
    return token


def find_sign_in(tx: Tx, token: str, limits: SignInLimits) -> SignIn | None:
    """Return the sign-in with this token, None if it expired or its account is disabled."""
    is_live = (table.c.seen_at > tx.now - limits.idle, table.c.began_at > tx.now - limits.longest)
    row = tx.connection.execute(
        select(table).where(table.c.token_key == _token_key(tx, token), *is_live)
    ).first()
    user = None if row is None else users.find_user(tx, row.user_id)
    # An account can be disabled in another process at any time, so every request checks it.
    if row is None or user is None or user.disabled:
        return None
    return SignIn(row.token_key, user, row.once, row.seen_at)


def is_activity_due(sign_in: SignIn, now: datetime) -> bool:
    """Return whether the browser's activity has to be stored again."""
    return now - sign_in.seen_at >= ACTIVITY_INTERVAL


def record_activity(tx: Tx, sign_in: SignIn) -> None:
    """Store that the browser is active now."""
    _update_sign_in(tx, sign_in, seen_at=tx.now)


def store_handout(tx: Tx, sign_in: SignIn, thing: bytes) -> None:
    """Store `thing` encrypted, for this browser only, in place of the previous one.

    Staff see a secret such as a pairing code once, after a redirect.
    """
    # It is encrypted for the browser's row, so no other sign-in can show it.
    _update_sign_in(tx, sign_in, handed=tx.cipher.encrypt(thing, sign_in.id))


def read_handout(tx: Tx, sign_in: SignIn) -> bytes | None:
    """Return the last thing stored for this browser."""
    encrypted = tx.connection.execute(
        select(table.c.handed).where(table.c.token_key == sign_in.id)
    ).scalar()
    return None if encrypted is None else tx.cipher.decrypt(encrypted, sign_in.id)


def end_sign_in(tx: Tx, token: str) -> None:
    """Sign the browser out."""
    tx.connection.execute(delete(table).where(table.c.token_key == _token_key(tx, token)))


def end_all_sign_ins(tx: Tx, user: User, *, but: SignIn | None = None) -> None:
    """Sign the user out of every browser except `but`."""
    # No token key is empty, so without `but` every sign-in of the user ends.
    current = "" if but is None else but.id
    tx.connection.execute(
        delete(table).where(table.c.user_id == user.id, table.c.token_key != current)
    )


def erase_expired(tx: Tx, limits: SignInLimits) -> int:
    """Erase expired sign-ins; return their number."""
    is_expired = or_(
        table.c.seen_at <= tx.now - limits.idle, table.c.began_at <= tx.now - limits.longest
    )
    return tx.connection.execute(delete(table).where(is_expired)).rowcount


def _update_sign_in(tx: Tx, sign_in: SignIn, **values: Any) -> None:
    tx.connection.execute(update(table).where(table.c.token_key == sign_in.id).values(values))


def _token_key(tx: Tx, token: str) -> str:
    return tx.cipher.keyed_hash("sign-in", token)
