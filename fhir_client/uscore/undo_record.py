"""What a merge changed, kept for undo: the prior values, and of our own values only hashes."""

from collections import Counter
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest
from typing import Any

from fhir_client.model import Element, Json
from fhir_client.transport import exact_json
from fhir_client.uscore.chart import (
    CHART_PARTS,
    ChartElements,
    canonical_text,
    chart_elements,
    element_meanings,
    elements_of_part,
    specs_of_part,
)
from fhir_client.uscore.elements import SPECS
from fhir_client.uscore.elements.spec import COMMUNICATION
from fhir_client.uscore.narrative import fit_narrative

KeyedHash = Callable[[str], str]
"""A keyed hash: without the key it does not tell what a patient answered."""


@dataclass(frozen=True, slots=True)
class ValueChange:
    """The change of one item of a chart part.

    `before` is the prior item, None where there was none. `written_hash` is the hash of the item
    that we wrote, None where we removed one.
    """

    before: Json | None
    written_hash: str | None


@dataclass(frozen=True, slots=True)
class ElementChange:
    """The change of one chart part, which `element` names.

    The two hashes are of all that the part said before and after.
    """

    chart_part: str
    value_changes: tuple[ValueChange, ...]
    prior_hash: str
    written_hash: str


class ChangeState(Enum):
    """What a chart holds now of a part that we changed."""

    WRITTEN = "the values that we wrote"
    PRIOR = "the values from before our write"
    CHANGED = "values that others wrote since"


def element_changes(
    before: ChartElements, after: ChartElements, keyed_hash: KeyedHash
) -> tuple[ElementChange, ...]:
    """Return what changed between two states of a chart, with no answer of ours in the clear."""
    return tuple(
        _change_of_part(part, before, after, keyed_hash)
        for part in CHART_PARTS
        if before[part] != after[part]
    )


def chart_part_of(element: str) -> str:
    """Return the chart part in which an element stands."""
    return SPECS[Element(element)].chart_part


def _change_of_part(
    part: str, before: ChartElements, after: ChartElements, keyed_hash: KeyedHash
) -> ElementChange:
    # Unchanged items need no undo, and are not kept.
    removed, added = _subtract(before[part], after[part]), _subtract(after[part], before[part])
    value_changes = tuple(
        ValueChange(prior, None if new is None else _hash_item(new, keyed_hash))
        for prior, new in zip_longest(removed, added)
    )
    return ElementChange(
        part,
        value_changes,
        _hash_part(before, part, keyed_hash),
        _hash_part(after, part, keyed_hash),
    )


def change_state(chart: ChartElements, change: ElementChange, keyed_hash: KeyedHash) -> ChangeState:
    """Return what a chart holds of a change: ours only where nothing in the part changed since."""
    meaning = _hash_part(chart, change.chart_part, keyed_hash)
    items = Counter(_hash_item(item, keyed_hash) for item in chart[change.chart_part])
    written = Counter(
        value.written_hash for value in change.value_changes if value.written_hash is not None
    )
    prior = Counter(
        _hash_item(value.before, keyed_hash)
        for value in change.value_changes
        if value.before is not None
    )
    # The meaning alone is not enough: others may have written the same with items of their own.
    if meaning == change.written_hash and written <= items:
        return ChangeState.WRITTEN
    restored = prior <= items and not (written - prior) & items
    return ChangeState.PRIOR if meaning == change.prior_hash and restored else ChangeState.CHANGED


def restore_prior_values(
    patient: Json, changes: Iterable[ElementChange], keyed_hash: KeyedHash
) -> Json:
    """Return the Patient with the prior values of each part that is still as we wrote it."""
    # The caller compares the result with the chart as it was read.
    restored = deepcopy(patient)
    for change in changes:
        if change_state(chart_elements(restored), change, keyed_hash) is ChangeState.WRITTEN:
            _restore_part(restored, change, keyed_hash)
    # A server may have made a new narrative from our values.
    return fit_narrative(patient, restored)


def _restore_part(patient: Json, change: ElementChange, keyed_hash: KeyedHash) -> None:
    spec = specs_of_part(change.chart_part)[0]
    items: list[Json] = patient.get(spec.patient_key, [])
    for value in change.value_changes:
        position = next(
            (
                index
                for index, item in enumerate(items)
                if spec.owns_item(item) and _hash_item(item, keyed_hash) == value.written_hash
            ),
            None,
        )
        # An item that we removed has no position: its prior value goes to the end.
        end = len(items)
        replaced = slice(end, end) if position is None else slice(position, position + 1)
        items[replaced] = [] if value.before is None else [deepcopy(value.before)]
    if items:
        patient[spec.patient_key] = items
    else:
        # FHIR has no empty lists.
        patient.pop(spec.patient_key, None)


def compose_changes(
    first: ElementChange, later: ElementChange | None, keyed_hash: KeyedHash
) -> ElementChange:
    """Return one change with the effect of two: undoing it restores what stood before the first.

    Where others wrote between the two, their value stood before the later one. The first change is
    gone already then.
    """
    if later is None:
        return first
    if later.prior_hash != first.written_hash:
        return later
    unmatched = {
        value.written_hash: value for value in first.value_changes if value.written_hash is not None
    }
    value_changes = []
    for value in later.value_changes:
        earlier = (
            None
            if value.before is None
            else unmatched.pop(_hash_item(value.before, keyed_hash), None)
        )
        value_changes.append(
            value if earlier is None else ValueChange(earlier.before, value.written_hash)
        )
    # What the later change left alone still has the prior value of the first.
    value_changes += [
        *unmatched.values(),
        *(value for value in first.value_changes if value.written_hash is None),
    ]
    # An item that the first change added and the later one removed has left no trace.
    effective = tuple(
        value for value in value_changes if (value.before, value.written_hash) != (None, None)
    )
    return ElementChange(first.chart_part, effective, first.prior_hash, later.written_hash)


def carry_over_changes(
    earlier: Iterable[ElementChange],
    chart: ChartElements,
    current: Iterable[ElementChange],
    keyed_hash: KeyedHash,
) -> tuple[ElementChange, ...]:
    """Return the undo record for a retry.

    `chart` is what the retry found, and `current` what it changes. If an earlier attempt wrote an
    element, the record keeps the value from before that attempt.
    """
    changes = {change.chart_part: change for change in current}
    for change in earlier:
        if change_state(chart, change, keyed_hash) is ChangeState.WRITTEN:
            changes[change.chart_part] = compose_changes(
                change, changes.get(change.chart_part), keyed_hash
            )
    return tuple(changes.values())


def encode_change(change: ElementChange) -> Json:
    """Return a change as JSON, in the keys that stored undo records have."""
    return {
        "element": change.chart_part,
        "swaps": [
            {"before": value.before, "wrote": value.written_hash} for value in change.value_changes
        ],
        "meant": change.prior_hash,
        "means": change.written_hash,
    }


def parse_change(stored: Json) -> ElementChange:
    """Return a stored change."""
    value_changes = tuple(ValueChange(swap["before"], swap["wrote"]) for swap in stored["swaps"])
    return ElementChange(stored["element"], value_changes, stored["meant"], stored["means"])


def says_the_same(items: Iterable[Json], others: Iterable[Json]) -> bool:
    """Return whether two lists of items say the same, but for ids, displays and order."""
    return sorted(map(_plain_text, items)) == sorted(map(_plain_text, others))


def _hash_part(chart: ChartElements, part: str, keyed_hash: KeyedHash) -> str:
    """Return the hash of all that a part says."""
    if part == COMMUNICATION:
        # Of languages only those count that are preferred or marked: others may add entries.
        meanings = element_meanings(chart)
        return keyed_hash(
            canonical_text(tuple(meanings[element] for element in elements_of_part(part)))
        )
    return keyed_hash(exact_json.format_json(sorted(map(_plain_text, chart[part]))))


def _hash_item(item: Json, keyed_hash: KeyedHash) -> str:
    return keyed_hash(_plain_text(item))


def _plain_text(item: Any) -> str:
    """Return what an item says in one way of writing: a server may change ids, displays, order."""
    return exact_json.format_json(_plain_value(item))


def _plain_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _plain_value(value[name])
            for name in sorted(value)
            if name not in ("id", "display")
        }
    return sorted(map(_plain_text, value)) if isinstance(value, list) else value


def _subtract(items: list[Json], others: list[Json]) -> list[Json]:
    """Return the items that are not among the others, counting equal ones."""
    # Dictionaries have no hash, so that no set can do this; the lists are short.
    unmatched, difference = list(others), []
    for item in items:
        if item in unmatched:
            unmatched.remove(item)
        else:
            difference.append(item)
    return difference
