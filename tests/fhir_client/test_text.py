"""A text is a value only if it shows something and says more than that no answer is known."""

import pytest

from fhir_client.text import (
    has_visible_character,
    normalize_text,
    says_something,
    show_controls,
)

PLACEHOLDERS = frozenset({"unknown", "patient declined", "n/a"})


@pytest.mark.parametrize(
    "text",
    ["", " ", "\u200b", "\u2800", "\u3164", "\uffff", "\u115f\u1160", "\u00ad", "\u202e", "\ufffc"],
    ids=ascii,
)
def test_nothing_visible_says_nothing(text: str) -> None:
    assert not has_visible_character(text)
    assert not says_something(text, frozenset())


VISIBLE = ["Gullah", "中", "м", "7", "?", "🙂", "\u202eevil", "a\u200b"]
SPELLINGS = ["Unknown", "UNKNOWN.", " unknown ", "(Unknown)", "Ｕｎｋｎｏｗｎ", "un\u200bknown"]
DECLINED = ["Patient  Declined", "patient\ndeclined", "N/A", "n/a."]


@pytest.mark.parametrize("text", VISIBLE, ids=ascii)
def test_a_visible_character_says_something(text: str) -> None:
    assert has_visible_character(text)
    assert says_something(text, PLACEHOLDERS)


@pytest.mark.parametrize("text", SPELLINGS + DECLINED, ids=ascii)
def test_a_placeholder_says_nothing_in_any_spelling(text: str) -> None:
    assert not says_something(text, PLACEHOLDERS)


def test_na_alone_is_no_placeholder() -> None:
    assert says_something("Na", PLACEHOLDERS)


def test_a_text_of_marks_stays_itself() -> None:
    assert normalize_text("?") == "?"


def test_controls_are_shown_and_joiners_stay() -> None:
    assert show_controls("ab\u202ecd") == "ab[U+202E]cd"
    assert show_controls("می\u200cخواهم") == "می\u200cخواهم"
    assert show_controls("two\nlines") == "two[U+000A]lines"
