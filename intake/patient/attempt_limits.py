"""Limits of wrong codes and dates of birth: a stranger cannot guess, a patient is not locked out.

Codes and dates are counted apart, because one patient's mistyped date must not stop the next
patient's code. Only failures count, and a success forgets none of them.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from intake.store import attempts
from intake.store.database import Tx
from intake.store.devices import Device

TABLET_PERIOD, DAY = timedelta(minutes=15), timedelta(days=1)
WRONG_DATES_PER_TABLET, WRONG_DATES_PER_CLINIC = 10, 60
"""Per period and per day: a family's mistakes fit in, and trying birthdays does not."""
WRONG_CODES_PER_TABLET, WRONG_CODES_PER_CLINIC = 20, 60
"""Since a code was made: at most 60 of a million guesses can meet it before it expires."""


class Secret(StrEnum):
    """What a patient types to be identified."""

    CODE = "code"
    BIRTH_DATE = "birth date"


def may_try_birth_date(tx: Tx, tablet: Device) -> bool:
    """Return whether the tablet and its clinic have wrong dates left."""
    return (
        _count_failures(tx, Secret.BIRTH_DATE, tablet.id, tx.now - TABLET_PERIOD)
        < WRONG_DATES_PER_TABLET
        and _count_failures(tx, Secret.BIRTH_DATE, tablet.clinic, tx.now - DAY)
        < WRONG_DATES_PER_CLINIC
    )


def may_try_code(tx: Tx, tablet: Device, since: datetime | None) -> bool:
    """Return whether a code that was made at `since` can be tried on this tablet.

    Wrong codes from before it was made were no guesses at it, so a fresh code always works. None
    is a code that does not exist: the last quarter of an hour counts, so that both look the same.
    """
    start = since or tx.now - TABLET_PERIOD
    return (
        _count_failures(tx, Secret.CODE, tablet.id, start) < WRONG_CODES_PER_TABLET
        and _count_failures(tx, Secret.CODE, tablet.clinic, start) < WRONG_CODES_PER_CLINIC
    )


def record_failure(tx: Tx, secret: Secret, tablet: Device) -> None:
    """Count a wrong code or date for the tablet and for its clinic."""
    for owner in (tablet.id, tablet.clinic):
        attempts.record_attempt(tx, f"wrong {secret} {owner}")


def _count_failures(tx: Tx, secret: Secret, owner: str, since: datetime) -> int:
    return attempts.count_attempts(tx, f"wrong {secret} {owner}", since)
