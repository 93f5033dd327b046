"""What a check finds: a verdict, plain words, and the remedy for a fault."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The result of one check. A result that cannot be found out is never called good.

    Unreviewed is a text that works and that no speaker of its language has judged.
    """

    GOOD = "good"
    WRONG = "wrong"
    UNREVIEWED = "unreviewed"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    `about` names the part of the installation, such as `server main`. `way_out` is the remedy.
    The field names are public, because `intake check --json` prints them.
    """

    about: str
    verdict: Verdict
    words: str
    way_out: str = ""


def good_finding(about: str, words: str) -> Finding:
    """Return the finding that a part is in order."""
    return Finding(about, Verdict.GOOD, words)


def unreviewed_finding(about: str, words: str, remedy: str) -> Finding:
    """Return the finding that a part works, and that its texts await a reviewer."""
    return Finding(about, Verdict.UNREVIEWED, words, remedy)


def wrong_finding(about: str, words: str, remedy: str) -> Finding:
    """Return the finding of a fault."""
    return Finding(about, Verdict.WRONG, words, remedy)


def unknown_finding(about: str, words: str, remedy: str = "") -> Finding:
    """Return the finding that a result could not be found out."""
    return Finding(about, Verdict.UNKNOWN, words, remedy)
