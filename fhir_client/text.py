"""What a text says: something, nothing visible, or only that no answer is known."""

import re
import unicodedata
from collections.abc import Collection

# Characters without ink that Unicode does not count among the format or space characters: the
# Hangul fillers, the blank Braille pattern and the object replacement character.
_BLANK_CHARACTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc")
_VISIBLE_CATEGORIES = frozenset("LNSP")
# Direction controls can make a text read as another one (Unicode Technical Report 36, 2.7).
_CONTROL_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
_EDGE_MARKS = re.compile(r"^[\s\W_]+|[\s\W_]+$")
_SPACES = re.compile(r"\s+")


def has_visible_character(text: str) -> bool:
    """Return whether the text has a letter, number, symbol or punctuation mark."""
    return any(
        unicodedata.category(character)[0] in _VISIBLE_CATEGORIES
        and character not in _BLANK_CHARACTERS
        for character in text
    )


def says_something(text: str, placeholders: Collection[str]) -> bool:
    """Return whether a chart's text is a value: visible, and none of the placeholders.

    `placeholders` are normalized texts (`normalize_text`), such as "unknown" or "n/a".
    """
    return has_visible_character(text) and normalize_text(text) not in placeholders


def normalize_text(text: str) -> str:
    """Return the text for comparison: compatible forms, one case, single spaces, no edge marks."""
    compatible = unicodedata.normalize("NFKC", text)
    visible = "".join(
        character for character in compatible if unicodedata.category(character) != "Cf"
    )
    single_spaced = _SPACES.sub(" ", visible).strip().casefold()
    return _EDGE_MARKS.sub("", single_spaced) or single_spaced


def show_controls(text: str) -> str:
    """Return the text with each invisible control written as its code, such as [U+202E].

    The joiners stay as they are: Persian and the scripts of India need them within words.
    """
    return "".join(
        f"[U+{ord(character):04X}]"
        if unicodedata.category(character) in _CONTROL_CATEGORIES and character not in _JOINERS
        else character
        for character in text
    )
