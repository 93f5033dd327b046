"""The addresses that leave the pages: drawn as QR codes, put into messages, printed by commands."""

from intake.pages.sessions import STAFF

LINK = "/l"
"""Where pre-visit links lead; it says nothing of health, because it stands in text messages and on lock screens."""
PAIR = "/pair"
ONCE = f"{STAFF}/once"


def link(public_url: str, token: str) -> str:
    """Return the address of a pre-visit link."""
    return f"{public_url}{LINK}/{token}"


def pair(public_url: str) -> str:
    """Return where a new tablet is paired."""
    return f"{public_url}{PAIR}"


def once(public_url: str, token: str) -> str:
    """Return the address of a one-time sign-in."""
    return f"{public_url}{ONCE}/{token}"
