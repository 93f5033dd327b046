"""The front desk's codes: six digits that open one visit at one clinic, once, for minutes."""

import secrets
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from intake.store import visits
from intake.store.database import Tx
from intake.store.tables import codes as table
from intake.store.visits import Visit

DIGITS = 6


def create_code(tx: Tx, visit: Visit, ttl: timedelta) -> str:
    """Return a new code for the visit; the visit's earlier unused codes stop working."""
    tx.connection.execute(delete(table).where(table.c.visit == visit.id, table.c.used_at.is_(None)))
    # A short code space must not fill up with codes past their time.
    tx.connection.execute(delete(table).where(table.c.expires_at <= tx.now))
    code, key = _draw_free_code(tx, visit.clinic)
    values = {
        "code_key": key,
        "clinic": visit.clinic,
        "visit": visit.id,
        "expires_at": tx.now + ttl,
    }
    tx.connection.execute(insert(table).values(values))
    return code


def redeem_code(tx: Tx, clinic: str, code: str) -> Visit | None:
    """Use up a code and return its visit; return None if it opens nothing at this clinic."""
    # Patients type spaces and hyphens as they read them from the slip.
    digits = "".join(character for character in code if character.isdecimal())
    is_valid = [
        table.c.code_key == _code_key(tx, clinic, digits),
        table.c.used_at.is_(None),
        table.c.expires_at > tx.now,
    ]
    visit = tx.connection.execute(select(table.c.visit).where(*is_valid)).scalar()
    if visit is None:
        return None
    # The update's condition lets only one of two tablets use the code.
    query = update(table).where(*is_valid).values(used_at=tx.now)
    if tx.connection.execute(query).rowcount != 1:
        return None
    return visits.find_visit(tx, visit)


def _draw_free_code(tx: Tx, clinic: str) -> tuple[str, str]:
    """Return a random code that the clinic does not have yet, and its key."""
    while True:
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        key = _code_key(tx, clinic, code)
        query = select(table.c.code_key).where(table.c.code_key == key)
        if tx.connection.execute(query).scalar() is None:
            return code, key


def _code_key(tx: Tx, clinic: str, code: str) -> str:
    return tx.cipher.keyed_hash("code", f"{clinic} {code}")
