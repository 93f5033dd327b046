"""Argument types and options that several commands share; a bad value is wrong usage."""

import argparse

MAX_COUNT = 2**31 - 1
"""The largest count: the database's integers end here."""


def parse_port(text: str) -> int:
    """Parse a port; 0 means any free one."""
    return _parse_number(text, 65_535, "a port is a number from 0 to 65535")


def parse_count(text: str) -> int:
    """Parse a count."""
    return _parse_number(text, MAX_COUNT, f"a number from 0 to {MAX_COUNT} is needed")


def add_listen_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which address the pages listen on."""
    # The default is loopback: a reverse proxy on this machine ends https.
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument(
        "--port",
        type=parse_port,
        default=8080,
        help="the port to listen on, 0 for any free one (8080)",
    )


def _parse_number(text: str, maximum: int, complaint: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(complaint) from None
    if not 0 <= number <= maximum:
        raise argparse.ArgumentTypeError(complaint)
    return number
