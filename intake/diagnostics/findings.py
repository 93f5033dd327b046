"""The findings of a check: a verdict, plain words, and for each fault a remedy."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The verdict on one thing. A check never calls good what it could not find out."""

    GOOD = "good"
    WRONG = "wrong"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Finding:
    """One checked thing.

    `about` names the part of the installation, such as `server main`; `way_out` is the remedy.
    """

    about: str
    verdict: Verdict
    words: str
    way_out: str = ""


def good_finding(about: str, words: str) -> Finding:
    """Return the finding that something is right."""
    return Finding(about, Verdict.GOOD, words)


def wrong_finding(about: str, words: str, way_out: str) -> Finding:
    """Return the finding of a fault, with its remedy."""
    return Finding(about, Verdict.WRONG, words, way_out)


def unknown_finding(about: str, words: str, way_out: str = "") -> Finding:
    """Return the finding that something is not known."""
    return Finding(about, Verdict.UNKNOWN, words, way_out)
