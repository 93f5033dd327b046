"""What a merge changed, kept so that it can be taken back: the values before, and of ours only what recognises them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest
from typing import Any

from fhir_client.transport import exact_json
from fhir_client.uscore.datatypes import Json
from fhir_client.uscore.parsing import canonical_text, element_meanings
from fhir_client.uscore.patient_merge import INTERPRETER_URLS, URLS, chart_elements
from fhir_client.uscore.tribes import TRIBAL_AFFILIATION

COMMUNICATION = "communication"
ELEMENTS = ("race", "ethnicity", "interpreter", "tribal-affiliation", COMMUNICATION)
"""The parts of a Patient that a merge can change, as `elements_of` names them."""

TONGUES = ("spoken-language", "written-language")
"""The elements that share `communication`."""
_URLS_OF = {
    "race": (URLS["race"],),
    "ethnicity": (URLS["ethnicity"],),
    "interpreter": INTERPRETER_URLS,
    "tribal-affiliation": (TRIBAL_AFFILIATION,),
}

KeyedHash = Callable[[str], str]
"""A keyed hash: whoever has no key cannot tell from it what a person said."""


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One extension or entry: as it was (None: it was not there), and the hash of what we wrote (None: we took it away)."""

    before: Json | None
    wrote: str | None


@dataclass(frozen=True, slots=True)
class ElementChange:
    """One element that a merge changed; `meant` and `means` are hashes of all that it said before and after."""

    element: str
    swaps: tuple[ValueChange, ...]
    meant: str
    means: str


class ChangeState(Enum):
    """What a chart holds of a part now."""

    WRITTEN = "what we wrote"
    PRIOR = "what was there before us"
    CHANGED = "what somebody else wrote since"


def element_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], key: KeyedHash
) -> tuple[ElementChange, ...]:
    """Return what changed between two states of a chart (`elements_of`), with nothing of ours in the clear."""
    return tuple(
        _part(name, before, after, key) for name in ELEMENTS if before[name] != after[name]
    )


def chart_part_of(element: str) -> str:
    """Return the part of a chart in which an element stands."""
    return COMMUNICATION if element in TONGUES else element


def elements_of_part(part: str) -> tuple[str, ...]:
    """Return the elements that stand in a part of a chart."""
    return TONGUES if part == COMMUNICATION else (part,)


def _part(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any], key: KeyedHash
) -> ElementChange:
    old, new = _listed(before[name]), _listed(after[name])
    gone, come = _without(old, new), _without(new, old)
    swaps = tuple(
        ValueChange(was, None if ours is None else _hash(ours, key))
        for was, ours in zip_longest(gone, come)
    )
    return ElementChange(name, swaps, _scope(before, name, key), _scope(after, name, key))


def change_state(chart: Mapping[str, Any], part: ElementChange, key: KeyedHash) -> ChangeState:
    """Return what a chart (`elements_of`) holds of the part: ours only where nobody has changed anything in it since."""
    now = _scope(chart, part.element, key)
    held = Counter(_hash(each, key) for each in _listed(chart[part.element]))
    wrote = Counter(each.wrote for each in part.swaps if each.wrote is not None)
    were = Counter(_hash(each.before, key) for each in part.swaps if each.before is not None)
    if now == part.means and wrote <= held:
        return ChangeState.WRITTEN
    back = were <= held and not (wrote - were) & held
    return ChangeState.PRIOR if now == part.meant and back else ChangeState.CHANGED


def restore_prior_values(patient: Json, parts: Iterable[ElementChange], key: KeyedHash) -> Json:
    """Return the Patient with the earlier values of each part that is as we wrote it; everything else stays as it is."""
    found = deepcopy(patient)
    for part in parts:
        if change_state(chart_elements(found), part, key) is ChangeState.WRITTEN:
            _put_back(found, part, key)
    return found


def _put_back(patient: Json, part: ElementChange, key: KeyedHash) -> None:
    where = COMMUNICATION if part.element == COMMUNICATION else "extension"
    held: list[Json] = patient.get(where, [])
    for swap in part.swaps:
        place = next(
            (
                place
                for place, each in enumerate(held)
                if _is_of(each, part) and _hash(each, key) == swap.wrote
            ),
            None,
        )
        ours = slice(len(held), len(held)) if place is None else slice(place, place + 1)
        held[ours] = [] if swap.before is None else [deepcopy(swap.before)]
    # FHIR has no empty lists.
    if held:
        patient[where] = held
    else:
        patient.pop(where, None)


def _is_of(item: Json, part: ElementChange) -> bool:
    return part.element == COMMUNICATION or item.get("url") in _URLS_OF[part.element]


def compose_changes(
    first: ElementChange, then: ElementChange | None, key: KeyedHash
) -> ElementChange:
    """Return what undoing both would take back: what stood before the first gives way to what the later one wrote.

    Where somebody else wrote between the two, that stood before the later one, and the first is gone already.
    """
    if then is None:
        return first
    if then.meant != first.means:
        return then
    left = {each.wrote: each for each in first.swaps if each.wrote is not None}
    swaps = []
    for each in then.swaps:
        earlier = None if each.before is None else left.pop(_hash(each.before, key), None)
        swaps.append(each if earlier is None else ValueChange(earlier.before, each.wrote))
    swaps += [*left.values(), *(each for each in first.swaps if each.wrote is None)]
    kept = tuple(each for each in swaps if (each.before, each.wrote) != (None, None))
    return ElementChange(first.element, kept, first.meant, then.means)


def carry_over_changes(
    parts: Iterable[ElementChange],
    chart: Mapping[str, Any],
    now: Iterable[ElementChange],
    key: KeyedHash,
) -> tuple[ElementChange, ...]:
    """Return what has to be kept of a try that goes on: where the chart has what an earlier try wrote, what stood before it.

    `chart` is what the later try found, `now` what that one changes.
    """
    found = {each.element: each for each in now}
    for part in parts:
        if change_state(chart, part, key) is ChangeState.WRITTEN:
            found[part.element] = compose_changes(part, found.get(part.element), key)
    return tuple(found.values())


def _scope(chart: Mapping[str, Any], name: str, key: KeyedHash) -> str:
    """Return the hash of all that an element says: of extensions each, of languages those that are preferred or marked."""
    if name == COMMUNICATION:
        said = element_meanings(chart)
        return key(canonical_text(tuple(said[each] for each in TONGUES)))
    return key(exact_json.format_json(sorted(map(_form, _listed(chart[name])))))


def _hash(item: Json, key: KeyedHash) -> str:
    return key(_form(item))


def _form(item: Any) -> str:
    """Return what an item says in one way of writing: ids, displays and order are a server's to change."""
    return exact_json.format_json(_plain(item))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _plain(value[name]) for name in sorted(value) if name not in ("id", "display")
        }
    return sorted(map(_form, value)) if isinstance(value, list) else value


def _listed(held: Any) -> list[Json]:
    return held if isinstance(held, list) else [] if held is None else [held]


def _without(items: list[Json], others: list[Json]) -> list[Json]:
    left, found = list(others), []
    for each in items:
        if each in left:
            left.remove(each)
        else:
            found.append(each)
    return found
