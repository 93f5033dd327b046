"""Who may sign in: names, scrypt-hashed passwords, roles, and sign-ins that work once."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, select, update
from werkzeug.security import check_password_hash, generate_password_hash

from intake.store.database import Tx
from intake.store.tables import sign_ins
from intake.store.tables import users as table

ROLES = frozenset({"desk", "it", "quality", "reviewer", "admin"})
MIN_PASSWORD_LENGTH = 12
MAX_NAME_LENGTH = 80
ONE_TIME_LIFETIME = timedelta(hours=24)
"""How long a one-time sign-in opens: long enough for a colleague who comes in tomorrow."""
HASH_METHOD = "scrypt:32768:8:1"
"""How passwords are hashed, in Werkzeug's words."""
# Checked where the name is unknown, so that an unknown name takes as long as a wrong password; it is the hash of none.
_DUMMY_HASH = f"{HASH_METHOD}${secrets.token_hex(8)}${secrets.token_hex(64)}"


@dataclass(frozen=True, slots=True)
class User:
    """One member of staff."""

    id: str
    name: str
    roles: frozenset[str]
    disabled: bool
    has_password: bool


def add_user(tx: Tx, name: str, roles: Iterable[str], password: str | None = None) -> User:
    """Add a user; raises ValueError with what is wrong. Without a password only a one-time sign-in opens."""
    wanted = frozenset(roles)
    if not wanted or wanted - ROLES:
        raise ValueError(f"roles are {', '.join(sorted(ROLES))}")
    if (
        not name.strip()
        or name != name.strip()
        or len(name) > MAX_NAME_LENGTH
        or not name.isprintable()
    ):
        raise ValueError(
            f"a name of 1 to {MAX_NAME_LENGTH} characters is needed, without spaces before or after it"
        )
    if find_by_name(tx, name) is not None:
        raise ValueError(f"there is a user '{name}' already")
    user = User(str(uuid4()), name, wanted, disabled=False, has_password=password is not None)
    values = {"id": user.id, "name": name, "roles": ",".join(sorted(wanted)), "disabled": False}
    tx.connection.execute(insert(table).values(**values, password=_hashed(password)))
    return user


def _hashed(password: str | None) -> str | None:
    if password is not None and len(password) < MIN_PASSWORD_LENGTH:
        raise ValueError(f"a password of at least {MIN_PASSWORD_LENGTH} characters is needed")
    return None if password is None else generate_password_hash(password, HASH_METHOD)


def check_password(tx: Tx, name: str, password: str) -> User | None:
    """Return the user whose name and password these are; unknown names take the same time."""
    row = tx.connection.execute(select(table).where(table.c.name == name)).first()
    known = row is not None and row.password is not None and not row.disabled
    matches = check_password_hash(
        row.password if row is not None and known else _DUMMY_HASH, password
    )
    return _user(row) if known and matches else None


def set_password(tx: Tx, user: User, password: str) -> None:
    """Give the user a new password; raises ValueError where it is too short."""
    tx.connection.execute(
        update(table).where(table.c.id == user.id).values(password=_hashed(password))
    )


def create_one_time_token(tx: Tx, user: User, ttl: timedelta) -> str:
    """Return a token that signs the user in once."""
    token = secrets.token_urlsafe(24)
    values = {"once_key": tx.cipher.keyed_hash("once", token), "once_until": tx.now + ttl}
    tx.connection.execute(update(table).where(table.c.id == user.id).values(values))
    return token


def redeem_one_time_token(tx: Tx, token: str) -> User | None:
    """Use a one-time token up and return whose it was."""
    mine = [
        table.c.once_key == tx.cipher.keyed_hash("once", token),
        table.c.once_until > tx.now,
        ~table.c.disabled,
    ]
    row = tx.connection.execute(select(table).where(*mine)).first()
    if (
        row is None
        or tx.connection.execute(update(table).where(*mine).values(once_key=None)).rowcount != 1
    ):
        return None
    return _user(row)


def find_user(tx: Tx, identity: str) -> User | None:
    """Return the user of that id."""
    row = tx.connection.execute(select(table).where(table.c.id == identity)).first()
    return None if row is None else _user(row)


def find_by_name(tx: Tx, name: str) -> User | None:
    """Return the user of that name."""
    row = tx.connection.execute(select(table).where(table.c.name == name)).first()
    return None if row is None else _user(row)


def list_users(tx: Tx) -> tuple[User, ...]:
    """Return every user by name."""
    return tuple(_user(row) for row in tx.connection.execute(select(table).order_by(table.c.name)))


def disable_user(tx: Tx, user: User) -> None:
    """Shut the user out, from every browser where they are signed in too."""
    tx.connection.execute(
        update(table).where(table.c.id == user.id).values(disabled=True, once_key=None)
    )
    tx.connection.execute(delete(sign_ins).where(sign_ins.c.user_id == user.id))


def enable_user(tx: Tx, user: User) -> None:
    """Let the user in again, with the password they had."""
    tx.connection.execute(update(table).where(table.c.id == user.id).values(disabled=False))


def _user(row: Any) -> User:
    return User(
        row.id, row.name, frozenset(row.roles.split(",")), row.disabled, row.password is not None
    )
