"""Undo recognizes what a merge wrote without its words, and restores the prior values alone."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_client.model import Element
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.communication import PROFICIENCY
from fhir_client.uscore.elements import RACE
from fhir_client.uscore.patient_merge import MergePolicy, merge_statement
from fhir_client.uscore.statement import (
    AbsentReason,
    CategoryAnswer,
    Interpreter,
    Statement,
    TribalAffiliation,
)
from fhir_client.uscore.undo_record import (
    ChangeState,
    ElementChange,
    carry_over_changes,
    change_state,
    chart_part_of,
    compose_changes,
    element_changes,
    restore_prior_values,
)
from tests.support.merge_examples import (
    ASIAN,
    BIRTH_SEX,
    CANTONESE,
    CHART,
    CHART_RACE,
    DECLINED,
    ENGLISH,
    SPANISH,
    V6,
    with_values,
)
from tests.support.statement_strategies import statements
from tests.support.statements import NAVAJO_TRIBE, UNLISTED_TRIBE

Chart = dict[str, Any]
ALL_ANSWERED = with_values(
    {
        Element.RACE: ASIAN,
        Element.SPOKEN_LANGUAGE: SPANISH,
        Element.WRITTEN_LANGUAGE: CANTONESE,
        Element.INTERPRETER: Interpreter(True),
        Element.TRIBAL_AFFILIATION: TribalAffiliation((NAVAJO_TRIBE, UNLISTED_TRIBE)),
    }
)
ALL_DECLINED = with_values(
    {
        Element.RACE: DECLINED,
        Element.SPOKEN_LANGUAGE: DECLINED,
        Element.INTERPRETER: DECLINED,
    }
)
GERMAN = {"language": {"text": "Deutsch"}}
Changes = tuple[ElementChange, ...]


def keyed_hash(text: str) -> str:
    return sha256(f"secret {text}".encode()).hexdigest()


def merge_and_record(
    chart: Chart, statement: Statement, policy: MergePolicy | None = None
) -> tuple[Chart, Changes]:
    merged = dict(merge_statement(chart, statement, V6, policy).patient)
    return merged, element_changes(chart_elements(chart), chart_elements(merged), keyed_hash)


def read_states(chart: Chart, changes: Changes) -> dict[str, ChangeState]:
    elements = chart_elements(chart)
    return {change.chart_part: change_state(elements, change, keyed_hash) for change in changes}


def test_only_prior_values_are_kept_and_no_answer() -> None:
    _, changes = merge_and_record(CHART, with_values({Element.RACE: ASIAN}))
    assert [change.chart_part for change in changes] == ["race"]
    assert changes[0].value_changes[0].before == CHART_RACE
    assert "Asian" not in repr(changes)
    assert "2028-9" not in repr(changes)


@pytest.mark.parametrize("erases", [False, True])
def test_undo_restores_the_chart_and_a_second_undo_changes_nothing(erases: bool) -> None:
    policy = MergePolicy(decline_erases=erases)
    answered = dict(merge_statement(CHART, ALL_ANSWERED, V6).patient)
    for before, statement in ((CHART, ALL_ANSWERED), (answered, ALL_DECLINED)):
        merged, changes = merge_and_record(before, statement, policy)
        restored = restore_prior_values(merged, changes, keyed_hash)
        assert chart_elements(restored) == chart_elements(before)
        assert restore_prior_values(restored, changes, keyed_hash) == restored


@pytest.mark.parametrize("element", ["race", "communication"])
def test_a_server_may_add_ids_displays_and_another_order(element: str) -> None:
    merged, changes = merge_and_record(deepcopy(CHART), ALL_ANSWERED)
    items = merged["extension"] if element == "race" else merged["communication"]
    for item in items:
        item["id"] = "of-the-server"
    items.reverse()
    assert read_states(merged, changes)[element] is ChangeState.WRITTEN
    restored = restore_prior_values(merged, changes, keyed_hash)
    assert {item["url"] for item in restored["extension"]} == {BIRTH_SEX["url"], RACE.url}


def test_entries_of_others_stay_and_are_no_change_of_ours() -> None:
    merged, changes = merge_and_record(CHART, ALL_ANSWERED)
    merged["communication"].insert(0, GERMAN)
    assert set(read_states(merged, changes).values()) == {ChangeState.WRITTEN}
    restored = restore_prior_values(merged, changes, keyed_hash)
    assert restored["communication"] == [GERMAN, ENGLISH]


@pytest.mark.parametrize(
    "edit",
    [
        lambda entries: [*entries, {**GERMAN, "preferred": True}],
        lambda entries: [
            {key: entry[key] for key in entry if key != "preferred"} for entry in entries
        ],
        lambda entries: [
            *entries[:-1],
            {**entries[-1], "extension": [*entries[-1]["extension"], {"url": "odd"}]},
        ],
        lambda entries: entries[:-1],
    ],
    ids=["another preferred", "none preferred", "decorated", "taken out"],
)
def test_a_language_that_others_changed_is_theirs(edit: Any) -> None:
    merged, changes = merge_and_record(CHART, ALL_ANSWERED)
    merged["communication"] = edit(merged["communication"])
    before = deepcopy(merged["communication"])
    assert read_states(merged, changes)["communication"] is ChangeState.CHANGED
    assert restore_prior_values(merged, changes, keyed_hash)["communication"] == before


def test_a_proficiency_level_survives_undo() -> None:
    level = {"url": PROFICIENCY, "extension": [{"url": "level", "valueCoding": {"code": "G"}}]}
    chart = {**CHART, "communication": [{**ENGLISH, "extension": [level]}]}
    merged, changes = merge_and_record(chart, ALL_ANSWERED)
    restored = restore_prior_values(merged, changes, keyed_hash)
    assert restored["communication"] == chart["communication"]


def test_prior_values_that_a_person_restored_need_no_undo() -> None:
    _, changes = merge_and_record(CHART, ALL_ANSWERED)
    assert set(read_states(CHART, changes).values()) == {ChangeState.PRIOR}


def test_a_retry_keeps_the_values_from_before_the_first_attempt() -> None:
    white = with_values({Element.RACE: CategoryAnswer("White")})
    merged, first = merge_and_record(CHART, ALL_ANSWERED)
    merged_again, second = merge_and_record(merged, white)
    changes = carry_over_changes(first, chart_elements(merged), second, keyed_hash)
    restored = restore_prior_values(merged_again, changes, keyed_hash)
    assert chart_elements(restored) == chart_elements(CHART)
    # If the first attempt never reached the chart, what the retry finds there is the prior value.
    merged_alone, third = merge_and_record(CHART, white)
    changes = carry_over_changes(first, chart_elements(CHART), third, keyed_hash)
    restored = restore_prior_values(merged_alone, changes, keyed_hash)
    assert chart_elements(restored) == chart_elements(CHART)


@dataclass
class Submission:
    """A submission of ours: what it states, what it changed, and whether it stands."""

    changes: dict[str, ElementChange]
    stated_parts: frozenset[str]
    stands: bool = True


@dataclass
class World:
    """A chart, our submissions, and what others added to the chart."""

    chart: Chart = field(default_factory=lambda: deepcopy(CHART))
    submissions: list[Submission] = field(default_factory=list)
    foreign_items: list[Any] = field(default_factory=list)

    def submit(self, statement: Statement) -> None:
        self.chart, changes = merge_and_record(self.chart, statement)
        stated = {
            chart_part_of(element)
            for element, value in statement.values.items()
            if not isinstance(value, AbsentReason)
        }
        by_part = {change.chart_part: change for change in changes}
        self.submissions.append(Submission(by_part, frozenset(stated | by_part.keys())))

    def edit(self, number: int) -> None:
        """Add a phone number, a language and an extension, as others do."""
        entry = {"language": {"text": f"Language {number}"}}
        extension = {"url": f"http://vendor.example/{number}", "valueString": "kept"}
        self.chart = deepcopy(self.chart)
        self.chart["telecom"].append({"system": "phone", "value": str(number)})
        self.chart.setdefault("communication", []).append(entry)
        self.chart["extension"].append(extension)
        self.foreign_items += [entry, extension]

    def undo(self, position: int) -> None:
        standing = [submission for submission in self.submissions if submission.stands]
        if not standing:
            return
        undone = standing[position % len(standing)]
        later = standing[standing.index(undone) + 1 :]
        heirs: Mapping[str, Submission] = {
            part: submission for submission in reversed(later) for part in submission.stated_parts
        }
        changes = tuple(
            change for change in undone.changes.values() if change.chart_part not in heirs
        )
        assert ChangeState.CHANGED not in read_states(self.chart, changes).values()
        self.chart = restore_prior_values(self.chart, changes, keyed_hash)
        for part in undone.changes.keys() & heirs.keys():
            heir = heirs[part]
            heir.changes[part] = compose_changes(
                undone.changes[part], heir.changes.get(part), keyed_hash
            )
        undone.stands = False


steps = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), statements),
        st.tuples(st.just("edit"), st.integers(0, 99)),
        st.tuples(st.just("undo"), st.integers(0, 5)),
    ),
    max_size=8,
)


@given(steps)
def test_any_order_of_submissions_edits_and_undos_keeps_what_others_wrote(
    sequence: list[tuple[str, Any]],
) -> None:
    world = World()
    for step, argument in sequence:
        getattr(world, step)(argument)
        items = [*world.chart["extension"], *world.chart.get("communication", [])]
        assert all(item in items for item in world.foreign_items)
        assert BIRTH_SEX in items
        assert world.chart["vendorOddity"] == CHART["vendorOddity"]
    while any(submission.stands for submission in world.submissions):
        world.undo(0)
    entries = world.chart.get("communication", [])
    assert [entry for entry in entries if entry not in world.foreign_items] == (
        CHART["communication"]
    )
    assert chart_elements(world.chart)["race"] == [CHART_RACE]
    assert chart_elements(world.chart)["interpreter"] == []
