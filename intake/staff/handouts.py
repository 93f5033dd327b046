"""What was just made and is shown to its maker: kept sealed with the sign-in, never in an address, a cookie or a log."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from intake.pages.site import current_site
from intake.staff import access
from intake.store import sign_ins
from intake.store.database import Tx

SHOWN_FOR = timedelta(minutes=15)
"""How long it can be looked at again, however long it opens: the next person at the desk's screen has no use for it."""


class HandoutKind(StrEnum):
    """What can be handed out."""

    CODE = "code"
    LINK = "link"
    PAIRING = "pairing"
    SIGN_IN = "sign-in"


@dataclass(frozen=True, slots=True)
class Handout:
    """A secret, what it is for (`about`: a visit's id, a tablet's label, a user's name) and until when it opens."""

    kind: HandoutKind
    secret: str
    about: str
    until: datetime
    made_at: datetime


def store_handout(tx: Tx, kind: HandoutKind, secret: str, about: str, until: datetime) -> None:
    """Keep what was made, so that the page after the redirect can show it."""
    handout = Handout(kind, secret, about, until, tx.now)
    sign_ins.store_handout(tx, access.require_sign_in(), msgspec.json.encode(handout))


def read_handout(*kinds: HandoutKind) -> Handout | None:
    """Return what was last made, where it is of these kinds and its time is not over."""
    with current_site().database.read() as tx:
        raw = sign_ins.read_handout(tx, access.require_sign_in())
        now = tx.now
    handout = None if raw is None else msgspec.json.decode(raw, type=Handout)
    if handout is None or handout.kind not in kinds:
        return None
    return handout if now < min(handout.until, handout.made_at + SHOWN_FOR) else None
