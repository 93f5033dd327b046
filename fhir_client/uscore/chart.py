"""A Patient's own items by chart part: what they say, in codes to compare and in words."""

from collections.abc import Mapping

from fhir_client.model import Element, Json
from fhir_client.uscore.elements import SPECS
from fhir_client.uscore.elements.spec import ElementSpec

# dict.fromkeys keeps the order of the specs, and each part once.
CHART_PARTS: tuple[str, ...] = tuple(dict.fromkeys(spec.chart_part for spec in SPECS.values()))
"""The parts of a Patient that a merge can change; the two languages share one."""

ChartElements = Mapping[str, list[Json]]
"""The items of a Patient by chart part: each is an extension or an entry of `communication`."""


def chart_elements(patient: Json) -> dict[str, list[Json]]:
    """Return the parts of a Patient that a statement can change; their items are no copies."""
    return {spec.chart_part: spec.find_items(patient) for spec in SPECS.values()}


def parse_chart_elements(stored: Mapping[str, Json | list[Json] | None]) -> ChartElements:
    """Return stored chart parts; a part can be absent, null or a single item."""
    return {part: _list_items(stored.get(part)) for part in CHART_PARTS}


def element_meanings(chart: ChartElements) -> dict[Element, frozenset[object]]:
    """Return what the chart says of each element, without ids, displays and decoration.

    An element that the chart lacks has the empty set.
    """
    return {element: spec.meaning(chart[spec.chart_part]) for element, spec in SPECS.items()}


def patient_meanings(patient: Json) -> dict[Element, frozenset[object]]:
    """Return what a Patient says of each element."""
    return element_meanings(chart_elements(patient))


def describe_elements(patient: Json) -> Mapping[Element, tuple[str, ...]]:
    """Return the words of each element of a Patient; none where the chart lacks it."""
    return {element: spec.describe(spec.find_items(patient)) for element, spec in SPECS.items()}


def describe_item(chart_part: str, item: Json) -> str:
    """Return the words of one item of a chart part."""
    # Elements that share a part share the shape of its items, so that any of their specs will do.
    return specs_of_part(chart_part)[0].describe_item(item)


def specs_of_part(chart_part: str) -> tuple[ElementSpec, ...]:
    """Return the specs of the elements that share a chart part."""
    return tuple(spec for spec in SPECS.values() if spec.chart_part == chart_part)


def elements_of_part(chart_part: str) -> tuple[Element, ...]:
    """Return the elements that share a chart part."""
    return tuple(spec.element for spec in specs_of_part(chart_part))


def canonical_text(meaning: object) -> str:
    """Return a meaning as one text that is the same in every process.

    A frozenset has no order of its own, and Python changes its order with each start.
    """
    if isinstance(meaning, frozenset):
        return f"{{{','.join(sorted(map(canonical_text, meaning)))}}}"
    if isinstance(meaning, tuple):
        return f"({','.join(map(canonical_text, meaning))})"
    return repr(meaning)


# The parts were stored as single items and nulls before they were lists.
def _list_items(items: Json | list[Json] | None) -> list[Json]:
    if isinstance(items, list):
        return items
    return [] if items is None else [items]
