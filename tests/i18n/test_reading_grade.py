"""Patients read English of the sixth grade or below (Flesch-Kincaid)."""

import re

import pytest

from intake.i18n.catalogs import read_template

MAX_GRADE = 6.0
MIN_WORDS = 10
"""In a shorter text one long word decides, so the formula says nothing about it."""

# The names of peoples and places cannot be made simpler.
EXAMPLES = ("For example, ", "Enter, for example, ")


def count_syllables(word: str) -> int:
    """Return the approximate number of syllables: runs of vowels without silent endings."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    silent = re.search(r"[^aeiouyl]e$|[^aeiouytd]ed$|[^aeiouycghsxz]es$", plain)
    return max(len(re.findall(r"[aeiouy]+", plain)) - bool(silent), 1)


def reading_grade(text: str) -> float:
    """Return the school grade that a text requires (Kincaid and others, 1975)."""
    sentences = [part for part in re.split(r"[.?!:]+(?:\s+|$)", text) if part]
    words = re.findall(r"[A-Za-z’]+", text)
    return (
        0.39 * len(words) / len(sentences)
        + 11.8 * sum(map(count_syllables, words)) / len(words)
        - 15.59
    )


def _read_texts() -> list[str]:
    texts = [str(message.id) for message in read_template() if isinstance(message.id, str)]
    return [
        text for text in texts if len(text.split()) >= MIN_WORDS and not text.startswith(EXAMPLES)
    ]


@pytest.mark.parametrize(
    ("text", "lowest", "highest"),
    [
        ("This page was open for a while, so we cleared it to keep it private.", 3, 6),
        (
            (
                "Demographic information is collected in accordance with "
                "applicable federal regulations."
            ),
            15,
            30,
        ),
        ("The cat sat on the mat.", -2, 1),
    ],
)
def test_the_grade_tells_plain_from_official_language(
    text: str, lowest: float, highest: float
) -> None:
    assert lowest < reading_grade(text) < highest


def test_no_text_is_above_the_sixth_grade() -> None:
    texts = _read_texts()
    assert len(texts) > 30
    assert {
        text: round(reading_grade(text), 1) for text in texts if reading_grade(text) > MAX_GRADE
    } == {}


def test_the_average_grade_is_far_lower() -> None:
    assert (
        reading_grade(" ".join(text if text[-1] in ".?:" else f"{text}." for text in _read_texts()))
        < MAX_GRADE / 2
    )
