"""What a merge changed is known again without its words, and taken back without a trace, whatever others wrote beside it."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
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
from fhir_client.uscore.statement import CategoryAnswer, Interpreter, Statement, TribalAffiliation
from fhir_client.uscore.undo_record import (
    ChangeState,
    ElementChange,
    carry_over_changes,
    change_state,
    compose_changes,
    element_changes,
    restore_prior_values,
)
from tests.fhir_client.test_patient_merge import (
    ASIAN,
    BIRTH_SEX,
    CANTONESE,
    CHART,
    CHART_RACE,
    DECLINED,
    ENGLISH,
    NOTHING,
    SPANISH,
    V6,
)
from tests.property.test_any_merge import statements
from tests.support.statements import NAVAJO_TRIBE, UNLISTED_TRIBE

Chart = dict[str, Any]
EVERYTHING = replace(
    NOTHING,
    values={
        Element.RACE: ASIAN,
        Element.SPOKEN_LANGUAGE: SPANISH,
        Element.WRITTEN_LANGUAGE: CANTONESE,
        Element.INTERPRETER: Interpreter(True),
        Element.TRIBAL_AFFILIATION: TribalAffiliation((NAVAJO_TRIBE, UNLISTED_TRIBE)),
    },
)
GERMAN = {"language": {"text": "Deutsch"}}


def key(text: str) -> str:
    return sha256(f"secret {text}".encode()).hexdigest()


def wrote(
    chart: Chart, said: Statement, policy: MergePolicy | None = None
) -> tuple[Chart, tuple[ElementChange, ...]]:
    after = dict(merge_statement(chart, said, V6, policy).patient)
    return after, element_changes(chart_elements(chart), chart_elements(after), key)


def stands(chart: Chart, parts: tuple[ElementChange, ...]) -> dict[str, ChangeState]:
    return {part.element: change_state(chart_elements(chart), part, key) for part in parts}


def test_only_what_was_changed_is_kept_and_nothing_of_what_was_said() -> None:
    _, parts = wrote(CHART, replace(NOTHING, values={Element.RACE: ASIAN}))
    assert [part.element for part in parts] == ["race"]
    assert parts[0].swaps[0].before == CHART_RACE
    assert "Asian" not in repr(parts)
    assert "2028-9" not in repr(parts)


@pytest.mark.parametrize("erases", [False, True])
def test_taken_back_the_chart_is_as_it_was(erases: bool) -> None:
    policy = MergePolicy(decline_erases=erases)
    told = dict(merge_statement(CHART, EVERYTHING, V6).patient)
    for before, said in (
        (CHART, EVERYTHING),
        (
            told,
            replace(
                NOTHING,
                values={
                    Element.RACE: DECLINED,
                    Element.SPOKEN_LANGUAGE: DECLINED,
                    Element.INTERPRETER: DECLINED,
                },
            ),
        ),
    ):
        after, parts = wrote(before, said, policy)
        again = restore_prior_values(after, parts, key)
        assert chart_elements(again) == chart_elements(before)
        assert restore_prior_values(again, parts, key) == again


@pytest.mark.parametrize("element", ["race", "communication"])
def test_a_server_may_add_ids_displays_and_another_order(element: str) -> None:
    after, parts = wrote(CHART, EVERYTHING)
    held = after["extension"] if element == "race" else after["communication"]
    for each in held:
        each["id"] = "of-the-server"
    held.reverse()
    assert stands(after, parts)[element] is ChangeState.WRITTEN
    assert {each["url"] for each in restore_prior_values(after, parts, key)["extension"]} == {
        BIRTH_SEX["url"],
        RACE.url,
    }


def test_others_entries_stay_and_are_no_change_of_ours() -> None:
    after, parts = wrote(CHART, EVERYTHING)
    after["communication"].insert(0, GERMAN)
    assert set(stands(after, parts).values()) == {ChangeState.WRITTEN}
    assert restore_prior_values(after, parts, key)["communication"] == [GERMAN, ENGLISH]


@pytest.mark.parametrize(
    "edit",
    [
        lambda entries: [*entries, {**GERMAN, "preferred": True}],
        lambda entries: [
            {key: each[key] for key in each if key != "preferred"} for each in entries
        ],
        lambda entries: [
            *entries[:-1],
            {**entries[-1], "extension": [*entries[-1]["extension"], {"url": "odd"}]},
        ],
        lambda entries: entries[:-1],
    ],
    ids=["another preferred", "none preferred", "decorated", "taken out"],
)
def test_a_language_that_others_touched_is_theirs(edit: Any) -> None:
    after, parts = wrote(CHART, EVERYTHING)
    after["communication"] = edit(after["communication"])
    before = deepcopy(after["communication"])
    assert stands(after, parts)["communication"] is ChangeState.CHANGED
    assert restore_prior_values(after, parts, key)["communication"] == before


def test_how_well_a_language_is_spoken_comes_through() -> None:
    level = {"url": PROFICIENCY, "extension": [{"url": "level", "valueCoding": {"code": "G"}}]}
    chart = {**CHART, "communication": [{**ENGLISH, "extension": [level]}]}
    after, parts = wrote(chart, EVERYTHING)
    assert restore_prior_values(after, parts, key)["communication"] == chart["communication"]


def test_what_was_put_right_by_hand_is_done_already() -> None:
    _, parts = wrote(CHART, EVERYTHING)
    assert set(stands(CHART, parts).values()) == {ChangeState.PRIOR}


def test_a_broken_off_try_goes_on_with_what_was_before_it() -> None:
    after, first = wrote(CHART, EVERYTHING)
    white = CategoryAnswer("White")
    last, second = wrote(after, replace(NOTHING, values={Element.RACE: white}))
    kept = carry_over_changes(first, chart_elements(after), second, key)
    assert chart_elements(restore_prior_values(last, kept, key)) == chart_elements(CHART)
    # Where the first try never reached the chart, what is there now was there before us.
    other, third = wrote(CHART, replace(NOTHING, values={Element.RACE: white}))
    kept = carry_over_changes(first, chart_elements(CHART), third, key)
    assert chart_elements(restore_prior_values(other, kept, key)) == chart_elements(CHART)


@dataclass
class Submission:
    """One of ours: what it says, what it changed, and whether it stands."""

    parts: dict[str, ElementChange]
    speaks_of: frozenset[str]
    stands: bool = True


@dataclass
class World:
    """A chart, our submissions, and everybody else."""

    chart: Chart = field(default_factory=lambda: deepcopy(CHART))
    ours: list[Submission] = field(default_factory=list)
    theirs: list[Any] = field(default_factory=list)

    def say(self, said: Statement) -> None:
        after = dict(merge_statement(self.chart, said, V6).patient)
        parts = element_changes(chart_elements(self.chart), chart_elements(after), key)
        fields = {
            "race": said.values.get(Element.RACE),
            "ethnicity": said.values.get(Element.ETHNICITY),
            "interpreter": said.values.get(Element.INTERPRETER),
        }
        spoken = {
            name
            for name, each in fields.items()
            if each is not None and each not in tuple(type(DECLINED))
        }
        languages = any(
            each is not None and each not in tuple(type(DECLINED))
            for each in (
                said.values.get(Element.SPOKEN_LANGUAGE),
                said.values.get(Element.WRITTEN_LANGUAGE),
            )
        )
        speaks_of = (
            spoken | ({"communication"} if languages else set()) | {part.element for part in parts}
        )
        self.ours.append(Submission({part.element: part for part in parts}, frozenset(speaks_of)))
        self.chart = after

    def edit(self, number: int) -> None:
        """Somebody adds a phone number, a language of theirs and an extension of theirs."""
        entry = {"language": {"text": f"Language {number}"}}
        mark = {"url": f"http://vendor.example/{number}", "valueString": "kept"}
        self.chart = deepcopy(self.chart)
        self.chart["telecom"].append({"system": "phone", "value": str(number)})
        self.chart.setdefault("communication", []).append(entry)
        self.chart["extension"].append(mark)
        self.theirs += [entry, mark]

    def undo(self, place: int) -> None:
        standing = [each for each in self.ours if each.stands]
        if not standing:
            return
        mine = standing[place % len(standing)]
        later = standing[standing.index(mine) + 1 :]
        again: Mapping[str, Submission] = {
            part: each for each in reversed(later) for part in each.speaks_of
        }
        parts = [part for part in mine.parts.values() if part.element not in again]
        assert ChangeState.CHANGED not in {
            change_state(chart_elements(self.chart), part, key) for part in parts
        }
        self.chart = restore_prior_values(self.chart, parts, key)
        for element in mine.parts.keys() & again.keys():
            heir = again[element]
            heir.parts[element] = compose_changes(mine.parts[element], heir.parts.get(element), key)
        mine.stands = False


steps = st.lists(
    st.one_of(
        st.tuples(st.just("say"), statements),
        st.tuples(st.just("edit"), st.integers(0, 99)),
        st.tuples(st.just("undo"), st.integers(0, 5)),
    ),
    max_size=8,
)


@given(steps)
def test_any_sequence_of_submissions_edits_and_undos_leaves_what_others_wrote(
    done: list[tuple[str, Any]],
) -> None:
    world = World()
    for what, value in done:
        getattr(world, what)(value)
        held = [*world.chart["extension"], *world.chart.get("communication", [])]
        assert all(each in held for each in world.theirs)
        assert BIRTH_SEX in held
        assert world.chart["vendorOddity"] == CHART["vendorOddity"]
    while any(each.stands for each in world.ours):
        world.undo(0)
    rest = [each for each in world.chart.get("communication", []) if each not in world.theirs]
    assert rest == CHART["communication"]
    assert chart_elements(world.chart)["race"] == [CHART_RACE]
    assert chart_elements(world.chart)["interpreter"] == []
