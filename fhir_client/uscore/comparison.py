"""Answers in a form that two readers must agree on: no displays, no order."""

from collections.abc import Iterable

from fhir_client.uscore.statement import (
    CategoryAnswer,
    Coding,
    ElementValue,
    ItemAnswer,
    Language,
    TribalAffiliation,
)


def comparable_value(value: ElementValue | None) -> object:
    """Return a value without the displays and the order of its codes."""
    match value:
        case CategoryAnswer():
            return value.text, _code_keys((*value.categories, *value.detailed))
        case Language():
            return value.text, _code_keys(value.codings)
        case TribalAffiliation():
            return frozenset(
                (tribe.text, tribe.coding and _code_key(tribe.coding)) for tribe in value.tribes
            )
        case _:
            return value


def comparable_items(items: Iterable[ItemAnswer]) -> object:
    """Return the answers of a QuestionnaireResponse without displays and order."""
    return {
        item.link_id: (
            _code_keys(item.codings),
            frozenset(item.strings),
            item.absent_reason,
            comparable_items(item.items),
        )
        for item in items
    }


def _code_keys(codings: Iterable[Coding]) -> frozenset[tuple[str, str]]:
    return frozenset(map(_code_key, codings))


def _code_key(coding: Coding) -> tuple[str, str]:
    return coding.system, coding.code
