"""The front desk's codes: six digits that open one visit at one clinic, once, for a short time."""

import secrets
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from intake.store import visits
from intake.store.database import Tx
from intake.store.tables import codes as table
from intake.store.visits import Visit

DIGITS = 6


def create_code(tx: Tx, visit: Visit, ttl: timedelta) -> str:
    """Return a new code for the visit; one made earlier for it opens nothing any more."""
    tx.connection.execute(delete(table).where(table.c.visit == visit.id, table.c.used_at.is_(None)))
    tx.connection.execute(delete(table).where(table.c.expires_at <= tx.now))
    code, key = _free(tx, visit.clinic)
    values = {
        "code_key": key,
        "clinic": visit.clinic,
        "visit": visit.id,
        "expires_at": tx.now + ttl,
    }
    tx.connection.execute(insert(table).values(values))
    return code


def redeem_code(tx: Tx, clinic: str, code: str) -> Visit | None:
    """Return the visit that the code opens at this clinic, and use the code up; None where it opens nothing."""
    digits = "".join(character for character in code if character.isdecimal())
    mine = [
        table.c.code_key == _key(tx, clinic, digits),
        table.c.used_at.is_(None),
        table.c.expires_at > tx.now,
    ]
    visit = tx.connection.execute(select(table.c.visit).where(*mine)).scalar()
    if (
        visit is None
        or tx.connection.execute(update(table).where(*mine).values(used_at=tx.now)).rowcount != 1
    ):
        return None
    return visits.find_visit(tx, visit)


def _free(tx: Tx, clinic: str) -> tuple[str, str]:
    while True:
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        key = _key(tx, clinic, code)
        if (
            tx.connection.execute(select(table.c.code_key).where(table.c.code_key == key)).scalar()
            is None
        ):
            return code, key


def _key(tx: Tx, clinic: str, code: str) -> str:
    return tx.cipher.keyed_hash("code", f"{clinic} {code}")
