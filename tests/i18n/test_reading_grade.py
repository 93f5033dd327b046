"""Patients read English of the sixth grade or below, by the Flesch-Kincaid formula over what they read."""

import re

import pytest

from intake.i18n.catalogs import read_template

HIGHEST = 6.0
ENOUGH = 10
"""Words below which the formula measures a single long word rather than a sentence."""

# The names of peoples and places are what they are.
EXAMPLES = ("For example, ", "Enter, for example, ")


def syllables(word: str) -> int:
    """About as many as are spoken: runs of vowels, without the silent endings."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    silent = re.search(r"[^aeiouyl]e$|[^aeiouytd]ed$|[^aeiouycghsxz]es$", plain)
    return max(len(re.findall(r"[aeiouy]+", plain)) - bool(silent), 1)


def grade(text: str) -> float:
    """The school grade that a text asks for (Kincaid and others, 1975)."""
    sentences = [each for each in re.split(r"[.?!:]+(?:\s+|$)", text) if each]
    words = re.findall(r"[A-Za-z’]+", text)
    return (
        0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
    )


def _read() -> list[str]:
    texts = [str(message.id) for message in read_template() if isinstance(message.id, str)]
    return [text for text in texts if len(text.split()) >= ENOUGH and not text.startswith(EXAMPLES)]


@pytest.mark.parametrize(
    ("text", "lowest", "highest"),
    [
        ("This page was open for a while, so we cleared it to keep it private.", 3, 6),
        (
            "Demographic information is collected in accordance with applicable federal regulations.",
            15,
            30,
        ),
        ("The cat sat on the mat.", -2, 1),
    ],
)
def test_the_measure_tells_plain_words_from_an_offices(
    text: str, lowest: float, highest: float
) -> None:
    assert lowest < grade(text) < highest


def test_no_text_asks_for_more_than_the_sixth_grade() -> None:
    texts = _read()
    assert len(texts) > 30
    assert {text: round(grade(text), 1) for text in texts if grade(text) > HIGHEST} == {}


def test_all_that_is_read_is_plainer_still() -> None:
    assert (
        grade(" ".join(text if text[-1] in ".?:" else f"{text}." for text in _read())) < HIGHEST / 2
    )
