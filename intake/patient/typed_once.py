"""What a patient typed to be identified, kept encrypted for the next page alone."""

import base64
from collections.abc import Mapping

import msgspec
from flask import session

from intake.pages.site import current_site
from intake.patient.visit_session import TYPED
from intake.store.crypto import KeyFileError

FIELDS = ("code", "day", "month", "year", "initials")
MAX_LENGTH = 20
"""The longest value that is kept; the fields themselves take no more."""


def keep_typed(form: Mapping[str, str]) -> None:
    """Keep the fields of a rejected form, so that the page can show them once."""
    values = {name: form[name][:MAX_LENGTH] for name in FIELDS if form.get(name)}
    with current_site().database.read() as tx:
        # Anyone with the device can read the cookie, so it holds no date of birth in clear.
        encrypted = tx.cipher.encrypt(msgspec.json.encode(values), TYPED)
    session[TYPED] = base64.urlsafe_b64encode(encrypted).decode()


def take_typed() -> Mapping[str, str]:
    """Return the fields that were kept, and forget them."""
    kept = session.pop(TYPED, None)
    if kept is None:
        return {}
    with current_site().database.read() as tx:
        try:
            plain = tx.cipher.decrypt(base64.urlsafe_b64decode(kept), TYPED)
        except KeyFileError:
            # The key was replaced since; the patient types again.
            return {}
    return msgspec.json.decode(plain, type=dict[str, str])
