"""What a look at an installation finds: a verdict, plain words, and for what is wrong the way out."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it stands. What could not be found out is never called good."""

    GOOD = "good"
    WRONG = "wrong"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `about` names the part of the installation, such as `server main`."""

    about: str
    verdict: Verdict
    words: str
    way_out: str = ""


def good_finding(about: str, words: str) -> Finding:
    """Return a finding that something is as it should be."""
    return Finding(about, Verdict.GOOD, words)


def wrong_finding(about: str, words: str, way_out: str) -> Finding:
    """Return a finding of a fault."""
    return Finding(about, Verdict.WRONG, words, way_out)


def unknown_finding(about: str, words: str, way_out: str = "") -> Finding:
    """Return a finding that something could not be found out."""
    return Finding(about, Verdict.UNKNOWN, words, way_out)
