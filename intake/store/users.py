"""Staff accounts: names, scrypt-hashed passwords, roles and one-time sign-ins."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, select, update
from werkzeug.security import check_password_hash, generate_password_hash

from intake.store.database import Tx
from intake.store.payload import REFERENCE
from intake.store.tables import sign_ins
from intake.store.tables import users as table

ROLES = frozenset({"desk", "it", "quality", "reviewer", "admin"})
MIN_PASSWORD_LENGTH = 12
MAX_NAME_LENGTH = 80
ONE_TIME_LIFETIME = timedelta(hours=24)
"""How long a one-time sign-in is valid: until a colleague's next shift."""
HASH_METHOD = "scrypt:32768:8:1"
"""The method of password hashing, as Werkzeug names it."""
# Checked if the name is unknown, so that an unknown name takes as long as a wrong password.
# It is no password's hash.
_DUMMY_HASH = f"{HASH_METHOD}${secrets.token_hex(8)}${secrets.token_hex(64)}"


@dataclass(frozen=True, slots=True)
class User:
    """One staff member's account.

    `practitioner` is the person's record on the EHR's server, such as `Practitioner/123`.
    """

    id: str
    name: str
    roles: frozenset[str]
    disabled: bool
    has_password: bool
    practitioner: str | None = None


def add_user(tx: Tx, name: str, roles: Iterable[str], password: str | None = None) -> User:
    """Add an account; raises ValueError with the fault.

    Without a password, only a one-time sign-in works.
    """
    role_set = frozenset(roles)
    if not role_set or role_set - ROLES:
        raise ValueError(f"roles are {', '.join(sorted(ROLES))}")
    is_trimmed = name == name.strip()
    if not is_trimmed or not 0 < len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise ValueError(
            f"a name of 1 to {MAX_NAME_LENGTH} characters is needed, "
            "without spaces before or after it"
        )
    if find_by_name(tx, name) is not None:
        raise ValueError(f"there is a user '{name}' already")
    user = User(str(uuid4()), name, role_set, disabled=False, has_password=password is not None)
    values = {"id": user.id, "name": name, "roles": ",".join(sorted(role_set)), "disabled": False}
    tx.connection.execute(insert(table).values(**values, password=_hash_password(password)))
    return user


def _hash_password(password: str | None) -> str | None:
    if password is not None and len(password) < MIN_PASSWORD_LENGTH:
        raise ValueError(f"a password of at least {MIN_PASSWORD_LENGTH} characters is needed")
    return None if password is None else generate_password_hash(password, HASH_METHOD)


def check_password(tx: Tx, name: str, password: str) -> User | None:
    """Return the user with this name and password, None if they do not match.

    An unknown name takes the same time as a wrong password.
    """
    row = tx.connection.execute(select(table).where(table.c.name == name)).first()
    password_hash = None if row is None or row.disabled else row.password
    matches = check_password_hash(password_hash or _DUMMY_HASH, password)
    return _user_from_row(row) if password_hash is not None and matches else None


def set_password(tx: Tx, user: User, password: str) -> None:
    """Give the user a new password; raises ValueError if it is too short."""
    tx.connection.execute(
        update(table).where(table.c.id == user.id).values(password=_hash_password(password))
    )


def create_one_time_token(tx: Tx, user: User, ttl: timedelta) -> str:
    """Return a token that signs the user in once; an earlier token stops working."""
    token = secrets.token_urlsafe(24)
    values = {"once_key": tx.cipher.keyed_hash("once", token), "once_until": tx.now + ttl}
    tx.connection.execute(update(table).where(table.c.id == user.id).values(values))
    return token


def redeem_one_time_token(tx: Tx, token: str) -> User | None:
    """Use up a one-time token; return its user, None if the token is invalid."""
    is_valid = [
        table.c.once_key == tx.cipher.keyed_hash("once", token),
        table.c.once_until > tx.now,
        ~table.c.disabled,
    ]
    row = tx.connection.execute(select(table).where(*is_valid)).first()
    if row is None:
        return None
    # The update's condition lets only one of two browsers use the token.
    query = update(table).where(*is_valid).values(once_key=None)
    return _user_from_row(row) if tx.connection.execute(query).rowcount == 1 else None


def find_user(tx: Tx, identity: str) -> User | None:
    """Return the user with this id, None if there is none."""
    row = tx.connection.execute(select(table).where(table.c.id == identity)).first()
    return None if row is None else _user_from_row(row)


def find_by_name(tx: Tx, name: str) -> User | None:
    """Return the user with this name, None if there is none."""
    row = tx.connection.execute(select(table).where(table.c.name == name)).first()
    return None if row is None else _user_from_row(row)


def list_users(tx: Tx) -> tuple[User, ...]:
    """Return all users by name."""
    return tuple(
        _user_from_row(row) for row in tx.connection.execute(select(table).order_by(table.c.name))
    )


def set_practitioner(tx: Tx, user: User, reference: str | None) -> None:
    """Set the Practitioner of an account, or none; raises ValueError for another reference."""
    if reference is not None and not re.fullmatch(f"Practitioner/{REFERENCE}", reference):
        raise ValueError("a relative reference is needed, such as Practitioner/123")
    tx.connection.execute(update(table).where(table.c.id == user.id).values(practitioner=reference))


def disable_user(tx: Tx, user: User) -> None:
    """Disable the account and end its sign-ins in every browser."""
    tx.connection.execute(
        update(table).where(table.c.id == user.id).values(disabled=True, once_key=None)
    )
    # A disabled account must not go on working in an open browser.
    tx.connection.execute(delete(sign_ins).where(sign_ins.c.user_id == user.id))


def enable_user(tx: Tx, user: User) -> None:
    """Enable the account again, with its previous password."""
    tx.connection.execute(update(table).where(table.c.id == user.id).values(disabled=False))


def _user_from_row(row: Any) -> User:
    return User(
        row.id,
        row.name,
        frozenset(row.roles.split(",")),
        row.disabled,
        row.password is not None,
        row.practitioner,
    )
