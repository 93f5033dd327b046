"""Finds the word that a misspelt word probably means."""

from collections.abc import Iterable
from difflib import get_close_matches

CUTOFF = 0.6
"""How alike two words must be, from 0 to 1, before one is suggested for the other."""


def suggest_word(word: str, choices: Iterable[str], cutoff: float = CUTOFF) -> str:
    """Return the choice that is most like the word, or "" if none is like it."""
    words = list(choices)
    # Capitals are the commonest slip, and difflib counts each of them as another letter.
    by_lower_case = {choice.lower(): choice for choice in words}
    matches = get_close_matches(word.lower(), by_lower_case, n=1, cutoff=cutoff)
    return by_lower_case[matches[0]] if matches else ""
