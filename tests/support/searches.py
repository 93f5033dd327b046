"""The searches of the shipped question set, and the corpus of real queries for them."""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intake.patient import searches
from intake.questions import Question
from intake.settings import load_settings
from intake.terminology import Hit, find_group_option

CORPUS = Path(__file__).resolve().parents[1] / "terminology" / "search_corpus.toml"
HELD_OUT_SHARE = 5
"""One query in so many is held out of the tuning."""


@dataclass(frozen=True)
class Query:
    """What a patient types, and the entries that are right."""

    kind: str
    locale: str
    term: str
    expected: tuple[str, ...]

    @property
    def is_held_out(self) -> bool:
        digest = hashlib.sha256(f"{self.kind} {self.locale} {self.term}".encode()).hexdigest()
        return int(digest, 16) % HELD_OUT_SHARE == 0


@cache
def load_corpus() -> tuple[Query, ...]:
    tables = tomllib.loads(CORPUS.read_text("utf-8"))
    return tuple(
        Query(kind, locale, term, (expected,) if isinstance(expected, str) else tuple(expected))
        for kind, by_locale in tables.items()
        for locale, by_sort in by_locale.items()
        for queries in by_sort.values()
        for term, expected in queries.items()
    )


@cache
def race_question(
    question_set: str = "spd15-2024", question_id: str = "race-ethnicity"
) -> Question:
    question = load_settings().question_sets[question_set].find_question(question_id)
    assert question is not None
    return question


@cache
def find_hits(kind: str, term: str, chosen: tuple[str, ...] = ()) -> tuple[Hit, ...]:
    """Return what the search of that kind finds; each query is searched once for all tests."""
    return search_entries(kind, term, chosen)


def search_entries(kind: str, term: str, chosen: tuple[str, ...] = ()) -> tuple[Hit, ...]:
    """Return what the search of that kind finds, in every language of the pages."""
    if kind == "race":
        return searches.race_search(race_question()).find_hits(term, chosen)
    if kind == "language":
        return searches.language_search().find_hits(term)
    return searches.tribe_search().find_hits(term)


def groups_of(query: Query) -> set[str]:
    """Return the groups of a query's right entries."""
    options = (find_group_option(race_question(), entry) for entry in query.expected)
    return {option.id for option in options if option}
