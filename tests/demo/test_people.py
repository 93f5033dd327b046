"""The demo's people: the same every time, told apart by their birth dates, with charts in every state."""

from collections import Counter

import pytest

from intake import terminology
from intake.demo.clinics import CLINICS
from intake.demo.names import COMMUNITIES
from intake.demo.people import (
    PATTERNS,
    PEOPLE_PER_CLINIC,
    TWIN,
    TWIN_OF,
    ChartState,
    Person,
    demo_people,
)

PEOPLE = demo_people()


def test_they_are_150_and_the_same_every_time() -> None:
    assert len(PEOPLE) == len(CLINICS) * PEOPLE_PER_CLINIC == 150
    assert demo_people() == PEOPLE
    assert len({person.key for person in PEOPLE}) == 150


def test_only_twins_share_a_birth_date() -> None:
    shared = [
        born for born, times in Counter(person.birth_date for person in PEOPLE).items() if times > 1
    ]
    twins = [person for person in PEOPLE if person.birth_date in shared]
    assert [(twin.clinic.id, twin.number) for twin in twins] == [
        ("alder-creek", TWIN_OF),
        ("alder-creek", TWIN),
    ]
    assert twins[0].family == twins[1].family
    assert twins[0].given != twins[1].given


def test_charts_are_in_every_state_at_every_clinic_as_its_pattern_says() -> None:
    assert {person.chart for person in PEOPLE} == set(ChartState)
    for place in CLINICS:
        mine = Counter(person.chart.value for person in PEOPLE if person.clinic is place)
        assert mine == {letter: 2 * times for letter, times in Counter(PATTERNS[place.id]).items()}


def test_they_speak_many_languages_and_have_many_names() -> None:
    assert len({person.language for person in PEOPLE}) >= 8
    assert len({person.family for person in PEOPLE}) >= 60
    assert len({person.name for person in PEOPLE}) >= 140


@pytest.mark.parametrize("community", COMMUNITIES, ids=lambda each: each.families[0])
def test_codes_and_languages_are_in_our_tables(community: object) -> None:
    found = next(each for each in COMMUNITIES if each is community)
    assert all(terminology.load_concepts()[code].kind == "race" for code in found.race)
    assert all(terminology.load_concepts()[code].kind == "ethnicity" for code in found.ethnicity)
    assert set(found.languages) <= set(terminology.load_languages())


@pytest.mark.parametrize("person", PEOPLE[::7], ids=lambda person: person.key)
def test_telephone_numbers_are_those_kept_for_fiction(person: Person) -> None:
    assert person.phone[7:].startswith("555 01")


def test_those_for_whom_somebody_answered_are_children() -> None:
    assert (
        min(person.birth_date.year for person in PEOPLE if person.chart is ChartState.PROXY) >= 2013
    )
    assert (
        max(person.birth_date.year for person in PEOPLE if person.chart is not ChartState.PROXY)
        <= 2007
    )
