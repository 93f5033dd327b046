"""The demo's people: the same each time, with unique birth dates and charts in every state."""

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


def test_creates_the_same_150_people_every_time() -> None:
    assert len(PEOPLE) == len(CLINICS) * PEOPLE_PER_CLINIC == 150
    assert demo_people() == PEOPLE
    assert len({person.key for person in PEOPLE}) == 150


def test_shares_a_birth_date_between_twins_only() -> None:
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


def test_puts_charts_of_every_state_into_every_clinic() -> None:
    assert {person.chart for person in PEOPLE} == set(ChartState)
    for place in CLINICS:
        mine = Counter(person.chart.value for person in PEOPLE if person.clinic is place)
        assert mine == {letter: 2 * times for letter, times in Counter(PATTERNS[place.id]).items()}


def test_has_many_languages_and_names() -> None:
    assert len({person.language for person in PEOPLE}) >= 8
    assert len({person.family for person in PEOPLE}) >= 60
    assert len({person.name for person in PEOPLE}) >= 140


@pytest.mark.parametrize("community", COMMUNITIES, ids=lambda each: each.families[0])
def test_uses_codes_and_languages_of_our_tables(community: object) -> None:
    found = next(each for each in COMMUNITIES if each is community)
    assert all(terminology.load_concepts()[code].kind == "race" for code in found.race)
    assert all(terminology.load_concepts()[code].kind == "ethnicity" for code in found.ethnicity)
    assert set(found.languages) <= set(terminology.load_languages())


@pytest.mark.parametrize("person", PEOPLE[::7], ids=lambda person: person.key)
def test_uses_fictional_telephone_numbers(person: Person) -> None:
    assert person.phone[7:].startswith("555 01")


def test_makes_children_of_patients_with_proxy_answers() -> None:
    assert (
        min(person.birth_date.year for person in PEOPLE if person.chart is ChartState.PROXY) >= 2013
    )
    assert (
        max(person.birth_date.year for person in PEOPLE if person.chart is not ChartState.PROXY)
        <= 2007
    )
