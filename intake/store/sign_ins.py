"""Who is signed in: a row for each browser, so that signing out, disabling and a new password end it at once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from intake.store import users
from intake.store.database import Tx
from intake.store.tables import sign_ins as table
from intake.store.users import User

NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is known when somebody was last active: a write a page would be too dear for what it tells."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """One browser of one member of staff; `once` tells of a one-time sign-in, which may set a password unasked."""

    id: str
    user: User
    once: bool
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """How long a sign-in lasts: unused, and at the longest."""

    idle: timedelta
    longest: timedelta


def start_sign_in(tx: Tx, user: User, *, once: bool) -> str:
    """Return the token that the browser carries from now on."""
    token = secrets.token_urlsafe(32)
    values = {
        "token_key": _key(tx, token),
        "user_id": user.id,
        "once": once,
        "began_at": tx.now,
        "seen_at": tx.now,
    }
    tx.connection.execute(insert(table).values(values))
    return token


def find_sign_in(tx: Tx, token: str, limits: SignInLimits) -> SignIn | None:
    """Return the sign-in that the browser carries, unless its time is over or its user was disabled."""
    live = (table.c.seen_at > tx.now - limits.idle, table.c.began_at > tx.now - limits.longest)
    row = tx.connection.execute(
        select(table).where(table.c.token_key == _key(tx, token), *live)
    ).first()
    user = None if row is None else users.find_user(tx, row.user_id)
    if row is None or user is None or user.disabled:
        return None
    return SignIn(row.token_key, user, row.once, row.seen_at)


def is_activity_due(sign_in: SignIn, now: datetime) -> bool:
    """Return whether it is long enough ago that the browser was noted as active."""
    return now - sign_in.seen_at >= NOTED_EVERY


def record_activity(tx: Tx, sign_in: SignIn) -> None:
    """Note that the browser is active."""
    _update(tx, sign_in, seen_at=tx.now)


def store_handout(tx: Tx, sign_in: SignIn, thing: bytes) -> None:
    """Keep `thing`, sealed, for this browser to show; what was handed to it before is gone."""
    _update(tx, sign_in, handed=tx.cipher.encrypt(thing, sign_in.id))


def read_handout(tx: Tx, sign_in: SignIn) -> bytes | None:
    """Return what was last handed to this browser."""
    sealed = tx.connection.execute(
        select(table.c.handed).where(table.c.token_key == sign_in.id)
    ).scalar()
    return None if sealed is None else tx.cipher.decrypt(sealed, sign_in.id)


def end_sign_in(tx: Tx, token: str) -> None:
    """Sign the browser out."""
    tx.connection.execute(delete(table).where(table.c.token_key == _key(tx, token)))


def end_all_sign_ins(tx: Tx, user: User, *, but: SignIn | None = None) -> None:
    """Sign the user out everywhere, except in the browser `but`."""
    kept = "" if but is None else but.id
    tx.connection.execute(
        delete(table).where(table.c.user_id == user.id, table.c.token_key != kept)
    )


def erase_expired(tx: Tx, limits: SignInLimits) -> int:
    """Erase the sign-ins whose time is over; returns how many."""
    over = or_(table.c.seen_at <= tx.now - limits.idle, table.c.began_at <= tx.now - limits.longest)
    return tx.connection.execute(delete(table).where(over)).rowcount


def _update(tx: Tx, sign_in: SignIn, **values: Any) -> None:
    tx.connection.execute(update(table).where(table.c.token_key == sign_in.id).values(values))


def _key(tx: Tx, token: str) -> str:
    return tx.cipher.keyed_hash("sign-in", token)
