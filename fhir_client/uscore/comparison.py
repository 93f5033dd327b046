"""Answers in a form that two readers must agree on: no displays, no order."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass

from fhir_client.uscore.code_systems import code_pair
from fhir_client.uscore.statement import Coding, ItemAnswer


def comparable_value(value: object) -> object:
    """Return an element's value without the displays and the order of its codes."""
    if isinstance(value, Coding):
        # A server may replace a display by its own name, and a system by another of its names.
        return code_pair({"system": value.system, "code": value.code})
    if isinstance(value, tuple):
        return frozenset(map(comparable_value, value))
    if is_dataclass(value):
        # The texts count: they hold the patient's own words.
        return tuple(comparable_value(getattr(value, field.name)) for field in fields(value))
    return value


def comparable_items(items: Iterable[ItemAnswer]) -> object:
    """Return the answers of a QuestionnaireResponse without displays and order."""
    return {
        item.link_id: (
            comparable_value(item.codings),
            frozenset(item.strings),
            item.absent_reason,
            comparable_items(item.items),
        )
        for item in items
    }
