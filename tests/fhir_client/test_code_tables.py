"""Every code that we can send is in the set that its version binds: also those that no validator can decide."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from babel import Locale

from fhir_client.uscore.observations import CODES, METHODS
from fhir_client.uscore.parts import NO, YES, absent
from fhir_client.uscore.statement import (
    BCP47,
    TRIBAL_ENTITIES,
    AbsentReason,
    Coded,
    Coding,
    Language,
    Statement,
    Tribe,
    Tribes,
)
from fhir_client.uscore.versions import VERSIONS, version
from intake.answers import Answer, State
from intake.questions import Element, Kind, Question
from intake.settings import MappingPolicy, load
from intake.sync.mapping import statement
from intake.terminology import cdcrec, languages, owner_of, tribes
from tests import bound
from tests.corpus import Case, bundle, cases

ROOT = Path(__file__).resolve().parents[2]
SIMPLE = re.compile(r"[a-z]{2,3}(-([A-Z]{2}|\d{3}))?")
"""us-core's simple-language: language[-region], no script, no variant, no private use."""
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})")
MADE = {"Patient", "Practitioner", "Organization", "RelatedPerson", "Encounter"}


def codes(codings: tuple[Coding, ...]) -> set[tuple[str, str]]:
    return {(each.system, each.code) for each in codings}


SETS = load().question_sets
GROUPS = [
    (name, each)
    for name, held in SETS.items()
    for each in held.questions
    if each.kind is Kind.GROUPS
]
[CASE] = cases(1, 1)


def saying(questions: str, question: Question, choice: str, policy: MappingPolicy) -> Statement:
    """Return what a person says who makes that one choice."""
    answers = {question.id: Answer(State.ANSWERED, (choice,))}
    return statement(replace(CASE.submission, answers=answers), SETS[questions], policy)


def choices(question: Question) -> list[str]:
    """Return every choice that the question takes: its groups and boxes, and all that a search can find."""
    boxes = [
        each
        for option in question.options
        for each in (option.id, *(detail.id for detail in option.details))
    ]
    return [*boxes, *(code for code in cdcrec() if owner_of(question, code) is not None)]


@pytest.mark.parametrize("rolls_up", [False, True], ids=["as told", "MENA rolls up"])
@pytest.mark.parametrize(
    ("questions", "question"), GROUPS, ids=[f"{name} {each.id}" for name, each in GROUPS]
)
def test_every_choice_is_in_the_set_of_every_version(
    questions: str, question: Question, rolls_up: bool
) -> None:
    policy = MappingPolicy(mena_rolls_up_to_white=rolls_up, infer_not_hispanic=rolls_up)
    races, ethnicities = set[Coding](), set[Coding]()
    detailed_races, detailed_ethnicities = set[Coding](), set[Coding]()
    for choice in choices(question):
        said = saying(questions, question, choice, policy)
        for found, categories, detailed in (
            (said.race, races, detailed_races),
            (said.ethnicity, ethnicities, detailed_ethnicities),
        ):
            if isinstance(found, Coded):
                categories |= set(found.categories)
                detailed |= set(found.detailed)
    for name in bound.VERSIONS:
        assert codes((*races,)) <= bound.race_categories(name)
        assert codes((*ethnicities,)) <= bound.ethnicity_categories(name)
        assert codes((*detailed_races,)) <= bound.detailed_races(name)
        assert codes((*detailed_ethnicities,)) <= bound.detailed_ethnicities(name)
    for each in races | ethnicities | detailed_races | detailed_ethnicities:
        assert each.display == cdcrec()[each.code].display


@pytest.mark.parametrize("name", bound.VERSIONS)
@pytest.mark.parametrize("reason", AbsentReason)
def test_every_null_is_in_its_set(name: str, reason: AbsentReason) -> None:
    for element, allowed in (
        ("race", bound.race_categories(name)),
        ("ethnicity", bound.ethnicity_categories(name)),
    ):
        null = version(name).null(element, reason)
        assert null is None or (null.system, null.code) in allowed
    assert absent(reason).code in bound.OBSERVATION_ABSENT
    assert version(name).null("race", reason) is not None


def test_the_table_has_the_versions_that_are_bound_here() -> None:
    assert {each.name for each in VERSIONS.values()} == set(bound.VERSIONS)


def spoken(identity: str) -> Language:
    name = "spd15-2024"
    [question] = [
        each for each in SETS[name].questions if each.recorded == (Element.SPOKEN_LANGUAGE,)
    ]
    found = saying(name, question, identity, MappingPolicy()).spoken
    assert isinstance(found, Language)
    return found


@pytest.mark.parametrize("identity", sorted(languages()))
def test_every_language(identity: str) -> None:
    found = spoken(identity)
    assert found.text
    assert all(SIMPLE.fullmatch(each.code) and each.system == BCP47 for each in found.codings)
    if found.codings:
        assert found.codings[0].code in bound.LANGUAGES
        assert found.codings[-1].code not in bound.COLLECTIVE
    for each in found.codings:
        assert each.display in {
            None,
            languages()[each.code].name if each.code in languages() else None,
        }
        # What CLDR calls it, or a fuller name of ours: never another language's.
        known = Locale("en").languages.get(each.code)
        others = {
            name
            for code, name in Locale("en").languages.items()
            if code.partition("_")[0] != each.code
        }
        assert (
            known is None
            or each.display is None
            or each.display == known
            or each.display not in others
        )


def test_every_tribe() -> None:
    assert set(tribes()) == bound.TRIBES
    [question] = [each for each in SETS["spd15-2024-tribal"].questions if each.kind is Kind.TRIBES]
    for identity, known in tribes().items():
        said = saying("spd15-2024-tribal", question, identity, MappingPolicy()).tribes
        assert said == Tribes((Tribe(known.name, Coding(TRIBAL_ENTITIES, identity, known.name)),))


def test_the_interpreters_codes() -> None:
    assert codes((YES, NO)) <= bound.INTERPRETER_NEEDED
    unknown = absent(AbsentReason.ASKED_UNKNOWN)
    assert (unknown.system, unknown.code) in bound.INTERPRETER_NEEDED


def test_every_loinc_code_was_verified_and_has_its_own_name() -> None:
    assert {each.code: each.display for each in CODES.values()}.items() <= bound.LOINC.items()
    for path in (*(ROOT / "fhir_client").rglob("*.py"), *(ROOT / "intake" / "sync").rglob("*.py")):
        assert set(re.findall(r"\b\d{5}-\d\b", path.read_text("utf-8"))) <= set(bound.LOINC), path


def test_every_method_is_gravitys() -> None:
    assert {each.code for each in METHODS.values()} <= bound.METHODS


def everywhere(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key and its value, as deep as they lie."""
    for key, value in (
        node.items()
        if isinstance(node, dict)
        else ((str(place), each) for place, each in enumerate(node))
    ):
        yield key, value
        if isinstance(value, dict | list):
            yield from everywhere(value)


@pytest.fixture(scope="module")
def some() -> list[Case]:
    return list(cases(4, 60))


@pytest.mark.parametrize("name", bound.VERSIONS)
def test_identities_moments_and_agents(some: list[Case], name: str) -> None:
    for written in (bundle(each, name) for each in some):
        urls = {entry.get("fullUrl") for entry in written["entry"]}
        for key, value in everywhere(written):
            if isinstance(value, str) and value.startswith("urn:uuid:"):
                assert UUID(value).urn == value
                assert key == "value" or value in urls
            if key in ("authored", "effectiveDateTime", "recorded"):
                assert MOMENT.fullmatch(value)
                assert datetime.fromisoformat(value).tzinfo is not None
            if key == "agent":
                # us-core's provenance-1: a Practitioner or a Device acts on somebody's behalf.
                assert all(
                    _kind(each["who"]) in MADE - {"Practitioner"} or "onBehalfOf" in each
                    for each in value
                )


def _kind(reference: dict[str, str]) -> str:
    return reference.get("type") or reference["reference"].partition("/")[0]


@pytest.mark.parametrize("name", bound.VERSIONS)
def test_languages_in_the_chart_are_simple_and_bound(some: list[Case], name: str) -> None:
    met = set()
    for written in (bundle(each, name) for each in some):
        for entry in written["entry"]:
            for spoken_or_read in entry["resource"].get("communication", []):
                tags = [each["code"] for each in spoken_or_read["language"].get("coding", [])]
                met |= set(tags)
                assert all(map(SIMPLE.fullmatch, tags))
                assert not tags or tags[0] in bound.LANGUAGES
    assert len(met) > 20


def test_a_case_is_the_same_at_every_run(some: list[Case]) -> None:
    assert list(cases(4, 60)) == some
