"""The front desk's codes: six digits that open one visit on one tablet, for minutes."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update

from intake.store import visits
from intake.store.database import Tx
from intake.store.tables import codes as table
from intake.store.visits import Visit

DIGITS = 6


def create_code(tx: Tx, visit: Visit, ttl: timedelta) -> str:
    """Return a new code for the visit; the visit's earlier codes stop working."""
    tx.connection.execute(delete(table).where(table.c.visit == visit.id))
    # A short code space must not fill up with codes past their time.
    tx.connection.execute(delete(table).where(table.c.expires_at <= tx.now))
    code, key = _draw_free_code(tx, visit.clinic)
    values = {
        "code_key": key,
        "clinic": visit.clinic,
        "visit": visit.id,
        "created_at": tx.now,
        "expires_at": tx.now + ttl,
    }
    tx.connection.execute(insert(table).values(values))
    return code


def find_creation_time(tx: Tx, clinic: str, code: str) -> datetime | None:
    """Return when the clinic's code was made, None if there is no such code."""
    query = select(table.c.created_at).where(table.c.code_key == _code_key(tx, clinic, code))
    return tx.connection.execute(query).scalar()


def redeem_code(tx: Tx, clinic: str, code: str, device: str) -> Visit | None:
    """Return the visit of a code; return None if the code opens nothing at this clinic.

    From its first use on, the code belongs to the tablet `device`. There it opens the visit again
    until the code expires or answers are submitted: a wrong tap must not cost the patient the code.
    """
    is_valid = [
        table.c.code_key == _code_key(tx, clinic, code),
        or_(table.c.used_at.is_(None), table.c.device == device),
        table.c.expires_at > tx.now,
    ]
    visit = tx.connection.execute(select(table.c.visit).where(*is_valid)).scalar()
    if visit is None:
        return None
    # The update's condition lets only one of two tablets use the code.
    query = update(table).where(*is_valid).values(used_at=tx.now, device=device)
    if tx.connection.execute(query).rowcount != 1:
        return None
    return visits.find_visit(tx, visit)


def close_codes(tx: Tx, visit: str) -> None:
    """Let no code open this visit any longer; the desk can make a new one."""
    tx.connection.execute(update(table).where(table.c.visit == visit).values(expires_at=tx.now))


def _draw_free_code(tx: Tx, clinic: str) -> tuple[str, str]:
    """Return a random code that the clinic does not have yet, and its key."""
    while True:
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        key = _code_key(tx, clinic, code)
        query = select(table.c.code_key).where(table.c.code_key == key)
        if tx.connection.execute(query).scalar() is None:
            return code, key


def _code_key(tx: Tx, clinic: str, code: str) -> str:
    # Patients type spaces and hyphens as they read them from the slip.
    digits = "".join(character for character in code if character.isdecimal())
    return tx.cipher.keyed_hash("code", f"{clinic} {digits}")
