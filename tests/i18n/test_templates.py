"""Every word in a template for patients is a message, because other words stay untranslated."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment

import intake
from intake.i18n.extraction import TRANSLATED_ROOMS

READ_OUT = ("aria-label", "title", "alt", "placeholder")
PACKAGE = Path(intake.__file__).parent
TEMPLATES = sorted(
    path for room in TRANSLATED_ROOMS for path in (PACKAGE / room / "templates").rglob("*.html")
)


class WordCollector(HTMLParser):
    """Collects the words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep the words between tags.

        A block may also hold attributes of a tag that another template opens.
        """
        self.words += [
            word for word in data.split() if any(map(str.isalpha, word)) and not word.endswith('="')
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        """Keep the words in the attributes that a browser shows or reads out."""
        for name, value in attrs:
            if name in READ_OUT and value:
                self.handle_data(value)


def find_unmarked_words(source: str) -> Iterator[str]:
    """Yield the words of a template outside its expressions."""
    tokens = Environment(autoescape=True).lex(source)
    page = WordCollector()
    page.feed("".join(text if kind == "data" else " " for _, kind, text in tokens))
    page.close()
    yield from page.words


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_word_of_a_template_is_a_message(path: Path) -> None:
    assert list(find_unmarked_words(path.read_text("utf-8"))) == []


def test_finds_a_word_outside_a_message() -> None:
    source = (
        '<p title="Now">{# no #}{{ _("Yes") }} please{% if a %} <b>wait</b>{% endif %}'
        '<input value="{{ b }}" name="own"></p>'
    )
    assert list(find_unmarked_words(source)) == ["Now", "please", "wait"]
    assert TEMPLATES
