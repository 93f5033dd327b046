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

from fhir_client.model import Element
from fhir_client.uscore.datatypes import NO, YES, absent_reason_coding
from fhir_client.uscore.elements import OBSERVATION_CODES
from fhir_client.uscore.observations import SOURCE_METHODS
from fhir_client.uscore.statement import (
    BCP47,
    TRIBAL_ENTITIES,
    AbsentReason,
    CategoryAnswer,
    Coding,
    Language,
    Statement,
    TribalAffiliation,
    Tribe,
)
from fhir_client.uscore.versions import VERSIONS, us_core_version
from intake.answers import Answer, AnswerState
from intake.mapping.statement import build_statement
from intake.questions import Question, QuestionKind
from intake.settings import MappingPolicy, load_settings
from intake.terminology import find_group_option, load_concepts, load_languages, load_tribes
from tests.support import us_core_bindings
from tests.support.generated_cases import GeneratedCase, build_case_bundle, generate_cases

ROOT = Path(__file__).resolve().parents[2]
SIMPLE = re.compile(r"[a-z]{2,3}(-([A-Z]{2}|\d{3}))?")
"""us-core's simple-language: language[-region], no script, no variant, no private use."""
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})")
MADE = {"Patient", "Practitioner", "Organization", "RelatedPerson", "Encounter"}


def codes(codings: tuple[Coding, ...]) -> set[tuple[str, str]]:
    return {(each.system, each.code) for each in codings}


SETS = load_settings().question_sets
GROUPS = [
    (name, each)
    for name, held in SETS.items()
    for each in held.questions
    if each.kind is QuestionKind.GROUPS
]
[CASE] = generate_cases(1, 1)


def saying(questions: str, question: Question, choice: str, policy: MappingPolicy) -> Statement:
    """Return what a person says who makes that one choice."""
    answers = {question.id: Answer(AnswerState.ANSWERED, (choice,))}
    return build_statement(replace(CASE.submission, answers=answers), SETS[questions], policy)


def choices(question: Question) -> list[str]:
    """Return every choice that the question takes: its groups and boxes, and all that a search can find."""
    boxes = [
        each
        for option in question.options
        for each in (option.id, *(detail.id for detail in option.details))
    ]
    return [
        *boxes,
        *(code for code in load_concepts() if find_group_option(question, code) is not None),
    ]


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
            (said.values.get(Element.RACE), races, detailed_races),
            (said.values.get(Element.ETHNICITY), ethnicities, detailed_ethnicities),
        ):
            if isinstance(found, CategoryAnswer):
                categories |= set(found.categories)
                detailed |= set(found.detailed)
    for name in us_core_bindings.VERSIONS:
        assert codes((*races,)) <= us_core_bindings.race_categories(name)
        assert codes((*ethnicities,)) <= us_core_bindings.ethnicity_categories(name)
        assert codes((*detailed_races,)) <= us_core_bindings.detailed_races(name)
        assert codes((*detailed_ethnicities,)) <= us_core_bindings.detailed_ethnicities(name)
    for each in races | ethnicities | detailed_races | detailed_ethnicities:
        assert each.display == load_concepts()[each.code].display


@pytest.mark.parametrize("name", us_core_bindings.VERSIONS)
@pytest.mark.parametrize("reason", AbsentReason)
def test_every_null_is_in_its_set(name: str, reason: AbsentReason) -> None:
    for element, allowed in (
        ("race", us_core_bindings.race_categories(name)),
        ("ethnicity", us_core_bindings.ethnicity_categories(name)),
    ):
        null = us_core_version(name).null_coding(element, reason)
        assert null is None or (null.system, null.code) in allowed
    assert absent_reason_coding(reason).code in us_core_bindings.OBSERVATION_ABSENT
    assert us_core_version(name).null_coding("race", reason) is not None


def test_the_table_has_the_versions_that_are_bound_here() -> None:
    assert {each.name for each in VERSIONS.values()} == set(us_core_bindings.VERSIONS)


def spoken(identity: str) -> Language:
    name = "spd15-2024"
    [question] = [
        each
        for each in SETS[name].questions
        if each.recorded_elements == (Element.SPOKEN_LANGUAGE,)
    ]
    found = saying(name, question, identity, MappingPolicy()).values.get(Element.SPOKEN_LANGUAGE)
    assert isinstance(found, Language)
    return found


@pytest.mark.parametrize("identity", sorted(load_languages()))
def test_every_language(identity: str) -> None:
    found = spoken(identity)
    assert found.text
    assert all(SIMPLE.fullmatch(each.code) and each.system == BCP47 for each in found.codings)
    if found.codings:
        assert found.codings[0].code in us_core_bindings.LANGUAGES
        assert found.codings[-1].code not in us_core_bindings.COLLECTIVE_LANGUAGES
    for each in found.codings:
        assert each.display in {
            None,
            load_languages()[each.code].name if each.code in load_languages() else None,
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
    assert set(load_tribes()) == us_core_bindings.TRIBE_CODES
    [question] = [
        each for each in SETS["spd15-2024-tribal"].questions if each.kind is QuestionKind.TRIBES
    ]
    for identity, known in load_tribes().items():
        said = saying("spd15-2024-tribal", question, identity, MappingPolicy()).values.get(
            Element.TRIBAL_AFFILIATION
        )
        assert said == TribalAffiliation(
            (Tribe(known.name, Coding(TRIBAL_ENTITIES, identity, known.name)),)
        )


def test_the_interpreters_codes() -> None:
    assert codes((YES, NO)) <= us_core_bindings.INTERPRETER_NEEDED
    unknown = absent_reason_coding(AbsentReason.ASKED_UNKNOWN)
    assert (unknown.system, unknown.code) in us_core_bindings.INTERPRETER_NEEDED


def test_every_loinc_code_was_verified_and_has_its_own_name() -> None:
    assert {
        each.code: each.display for each in OBSERVATION_CODES.values()
    }.items() <= us_core_bindings.LOINC_NAMES.items()
    for path in (*(ROOT / "fhir_client").rglob("*.py"), *(ROOT / "intake" / "sync").rglob("*.py")):
        assert set(re.findall(r"\b\d{5}-\d\b", path.read_text("utf-8"))) <= set(
            us_core_bindings.LOINC_NAMES
        ), path


def test_every_method_is_gravitys() -> None:
    assert {each.code for each in SOURCE_METHODS.values()} <= us_core_bindings.COLLECTION_METHODS


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
def some() -> list[GeneratedCase]:
    return list(generate_cases(4, 60))


@pytest.mark.parametrize("name", us_core_bindings.VERSIONS)
def test_identities_moments_and_agents(some: list[GeneratedCase], name: str) -> None:
    for written in (build_case_bundle(each, name) for each in some):
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


@pytest.mark.parametrize("name", us_core_bindings.VERSIONS)
def test_languages_in_the_chart_are_simple_and_bound(some: list[GeneratedCase], name: str) -> None:
    met = set()
    for written in (build_case_bundle(each, name) for each in some):
        for entry in written["entry"]:
            for spoken_or_read in entry["resource"].get("communication", []):
                tags = [each["code"] for each in spoken_or_read["language"].get("coding", [])]
                met |= set(tags)
                assert all(map(SIMPLE.fullmatch, tags))
                assert not tags or tags[0] in us_core_bindings.LANGUAGES
    assert len(met) > 20


def test_a_case_is_the_same_at_every_run(some: list[GeneratedCase]) -> None:
    assert list(generate_cases(4, 60)) == some
