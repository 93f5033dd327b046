"""The addresses in QR codes, in messages and in the output of commands."""

from intake.pages.sessions import STAFF_PATH

LINK_PATH = "/l"
"""The path of pre-visit links.

It has no health word, because it appears in text messages and on lock screens.
"""
PAIRING_PATH = "/pair"
SIGN_IN_PATH = f"{STAFF_PATH}/once"


# The public URL is an argument, because commands print these addresses without a request.
def link_url(public_url: str, token: str) -> str:
    """Return the address of a pre-visit link."""
    return f"{public_url}{LINK_PATH}/{token}"


def pairing_url(public_url: str) -> str:
    """Return the address at which staff pair a new tablet."""
    return f"{public_url}{PAIRING_PATH}"


def sign_in_url(public_url: str, token: str) -> str:
    """Return the address of a one-time sign-in."""
    return f"{public_url}{SIGN_IN_PATH}/{token}"
