"""Shows a new code, link or sign-in to the user who made it.

The secret is stored encrypted with that user's sign-in: no address, cookie or log holds it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from intake.pages.site import current_site
from intake.staff import access
from intake.store import sign_ins
from intake.store.database import Tx

SHOWN_FOR = timedelta(minutes=15)
"""How long a page shows the secret: a desk's screen has many viewers."""


class HandoutKind(StrEnum):
    """The secrets that staff can hand out."""

    CODE = "code"
    LINK = "link"
    PAIRING = "pairing"
    SIGN_IN = "sign-in"


@dataclass(frozen=True, slots=True)
class Handout:
    """A secret that works until `until`.

    `about` is a visit's id, a tablet's label or a user's name.
    """

    kind: HandoutKind
    secret: str
    about: str
    until: datetime
    made_at: datetime


def store_handout(tx: Tx, kind: HandoutKind, secret: str, about: str, until: datetime) -> None:
    """Store the secret for the page after the redirect."""
    handout = Handout(kind, secret, about, until, tx.now)
    sign_ins.store_handout(tx, access.require_sign_in(), msgspec.json.encode(handout))


def read_handout(*kinds: HandoutKind) -> Handout | None:
    """Return the newest handout if it is of these kinds and may still be shown."""
    with current_site().database.read() as tx:
        encoded = sign_ins.read_handout(tx, access.require_sign_in())
        now = tx.now
    # A user who asked for a link must not see an older code, and vice versa.
    handout = None if encoded is None else msgspec.json.decode(encoded, type=Handout)
    if handout is None or handout.kind not in kinds:
        return None
    return handout if now < min(handout.until, handout.made_at + SHOWN_FOR) else None
