"""Kinds of arguments that several commands take: what is none of them is wrong usage."""

import argparse

MOST = 2**31 - 1
"""The largest number that is taken for a count."""


def parse_port(text: str) -> int:
    """Read a port, 0 for any free one."""
    return _number(text, 65_535, "a port is a number from 0 to 65535")


def parse_count(text: str) -> int:
    """Read how many."""
    return _number(text, MOST, f"a number from 0 to {MOST} is needed")


def _number(text: str, most: int, words: str) -> int:
    try:
        found = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(words) from None
    if not 0 <= found <= most:
        raise argparse.ArgumentTypeError(words)
    return found
