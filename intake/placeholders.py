"""The texts in charts that only say that no answer is known (config/terminology/)."""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from fhir_client.model import Element
from fhir_client.text import has_visible_character, normalize_text
from intake.shipped import CONFIG


class Placeholder(StrEnum):
    """What a text says in place of an answer."""

    DECLINED = "declined"
    UNKNOWN = "unknown"
    """The person was asked and does not know."""
    NOT_ASKED = "not-asked"
    """No answer is known, and nothing says that the patient was asked."""
    UNUSABLE = "unusable"
    INVISIBLE = "invisible"


_LISTED = (
    Placeholder.DECLINED,
    Placeholder.UNKNOWN,
    Placeholder.NOT_ASKED,
    Placeholder.UNUSABLE,
)


@cache
def load_placeholders(element: Element) -> Mapping[str, Placeholder]:
    """Return the normalized placeholders of an element, such as `n/a`."""
    table = json.loads((CONFIG / "terminology" / "placeholders.json").read_text("utf-8"))
    # "None" is a real answer about a tribe.
    values = set(table["values"].get(element, ()))
    return {
        normalize_text(text): placeholder
        for placeholder in _LISTED
        for text in table[placeholder.replace("-", "_")]
        if text not in values
    }


def classify_text(element: Element, text: str) -> Placeholder | None:
    """Return what a chart's text says in place of an answer, or None if it is an answer."""
    if not has_visible_character(text):
        return Placeholder.INVISIBLE
    return load_placeholders(element).get(normalize_text(text))


@cache
def placeholders_by_element() -> Mapping[Element, frozenset[str]]:
    """Return every element's normalized placeholders, for the merge into a chart."""
    return {element: frozenset(load_placeholders(element)) for element in Element}
