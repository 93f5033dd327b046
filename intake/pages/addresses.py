"""The addresses that leave the pages: drawn as QR codes, put into messages, printed by commands."""

from intake.pages.sessions import STAFF_PATH

LINK_PATH = "/l"
"""Where pre-visit links lead; it says nothing of health, because it stands in text messages and on lock screens."""
PAIRING_PATH = "/pair"
SIGN_IN_PATH = f"{STAFF_PATH}/once"


def link_url(public_url: str, token: str) -> str:
    """Return the address of a pre-visit link."""
    return f"{public_url}{LINK_PATH}/{token}"


def pairing_url(public_url: str) -> str:
    """Return where a new tablet is paired."""
    return f"{public_url}{PAIRING_PATH}"


def sign_in_url(public_url: str, token: str) -> str:
    """Return the address of a one-time sign-in."""
    return f"{public_url}{SIGN_IN_PATH}/{token}"
