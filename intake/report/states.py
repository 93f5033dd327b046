"""Gives each counted patient one state per element, from the strongest evidence."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from fhir_client.model import Element
from fhir_client.text import normalize_text
from intake.placeholders import Placeholder, classify_text
from intake.report.codes import (
    INTERPRETER_CODES,
    NO_LANGUAGES,
    NOT_HISPANIC,
    OMB_CATEGORIES,
    OTHER_RACE,
)
from intake.report.queries import read_query
from intake.report.values import ELEMENTS, Definition, LocalFact, PlaceholderCount

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_BATCH_SIZE = 10_000
"""How many local facts one INSERT takes, so that memory stays bounded."""

_TEXT_SEPARATOR = "\x1f"
"""Stands between the texts of several extensions (`group_text` in macros.sql)."""

_STRENGTHS = (
    None,
    Placeholder.DECLINED,
    Placeholder.UNKNOWN,
    Placeholder.UNUSABLE,
    Placeholder.INVISIBLE,
    Placeholder.NOT_ASKED,
)
"""What several texts of one chart say together: the first of these that one of them says."""


class Evidence(StrEnum):
    """What a state rests on, the strongest first; DuckDB sorts by this order.

    Answers come before nulls (declined, unknown), so that a later decline undoes no answer.
    Among each, what a person said in an Observation comes first, then our own store, then the
    chart. Codes and texts that cannot be used come last.
    """

    OBSERVED_ANSWER = "observed-answer"
    LOCAL_ANSWER = "local-answer"
    CHART_ANSWER = "chart-answer"
    OBSERVED_NULL = "observed-null"
    LOCAL_NULL = "local-null"
    CHART_NULL = "chart-null"
    UNUSABLE = "unusable"


def find_states(
    connection: "DuckDBPyConnection",
    definition: Definition,
    code_kinds: Mapping[str, str],
    local_facts: Iterable[LocalFact] = (),
) -> None:
    """Make the table `standing`: a row per patient and element with evidence.

    `code_kinds` maps each CDCREC code to `race` or `ethnicity`.
    """
    connection.execute(
        read_query("code_kinds"),
        {"codes": list(code_kinds), "kinds": list(code_kinds.values())},
    )
    connection.execute(read_query("local_facts"))
    _insert_facts(connection, local_facts)
    connection.execute(read_query("statements"))
    _classify_texts(connection)
    connection.execute(
        read_query("code_lists"),
        {
            "other_race": OTHER_RACE,
            "not_hispanic": NOT_HISPANIC,
            "omb_categories": list(OMB_CATEGORIES),
            "interpreter_codes": list(INTERPRETER_CODES),
            "no_languages": list(NO_LANGUAGES),
        },
    )
    # A DuckDB ENUM sorts by the order of its declaration, and takes no parameters.
    members = ", ".join(f"'{evidence}'" for evidence in Evidence)
    connection.execute(f"CREATE TYPE evidence AS ENUM ({members})")
    connection.execute(
        read_query("standings"),
        {"default_language": definition.default_language, "other_race": OTHER_RACE},
    )
    connection.execute(read_query("hispanic_only"))


def _classify_texts(connection: "DuckDBPyConnection") -> None:
    """Make the table `text_kind`: what each distinct text says in place of an answer."""
    # Python reads the texts, so that the desk, the merge and the report read them alike.
    distinct = connection.execute(
        "SELECT DISTINCT element, text FROM statement WHERE text <> ''"
    ).fetchall()
    kinds = [
        (element, text, kind)
        for element, text in distinct
        if (kind := _combined_kind(Element(element), text)) is not None
    ]
    elements, texts, names = zip(*kinds, strict=True) if kinds else ((), (), ())
    connection.execute(
        read_query("text_kinds"),
        {"elements": list(elements), "texts": list(texts), "kinds": list(names)},
    )


def count_placeholders(connection: "DuckDBPyConnection") -> tuple[PlaceholderCount, ...]:
    """Return how many statements held each placeholder, in a fixed order.

    Texts that differ only in case, spaces and edge marks are one placeholder.
    """
    rows = connection.execute(read_query("placeholder_texts")).fetchall()
    counts: Counter[tuple[str, str, str]] = Counter()
    for element, text, people in rows:
        for part in text.split(_TEXT_SEPARATOR):
            kind = classify_text(Element(element), part)
            if kind is not None:
                # An invisible text has nothing to show.
                shown = "" if kind is Placeholder.INVISIBLE else normalize_text(part)
                counts[element, shown, kind] += people
    return tuple(
        PlaceholderCount(element, text, kind, count)
        for (element, text, kind), count in sorted(
            counts.items(), key=lambda item: (ELEMENTS.index(item[0][0]), -item[1], item[0])
        )
    )


def _combined_kind(element: Element, text: str) -> Placeholder | None:
    kinds = [classify_text(element, part) for part in text.split(_TEXT_SEPARATOR)]
    return min(kinds, key=_STRENGTHS.index)


def _insert_facts(connection: "DuckDBPyConnection", local_facts: Iterable[LocalFact]) -> None:
    remaining = iter(local_facts)
    while batch := list(islice(remaining, _BATCH_SIZE)):
        # A list per column: DuckDB unnests it many times faster than it takes rows one by one.
        columns: list[list[str] | list[int] | list[datetime] | list[bool] | list[bool | None]] = [
            [fact.patient.removeprefix("Patient/") for fact in batch],
            [fact.element for fact in batch],
            [int(fact.state) for fact in batch],
            [fact.answered_at for fact in batch],
            [fact.verified for fact in batch],
            [fact.hispanic for fact in batch],
            [fact.detailed for fact in batch],
            [fact.changed for fact in batch],
        ]
        placeholders = ", ".join(["unnest(?)"] * len(columns))
        connection.execute(f"INSERT INTO local_fact SELECT {placeholders}", columns)
