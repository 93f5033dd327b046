"""Every code that we can send is in the set that its version binds, also where no validator can
tell."""

import re
from collections.abc import Iterable, Iterator
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
SIMPLE_LANGUAGE = re.compile(r"[a-z]{2,3}(-([A-Z]{2}|\d{3}))?")
"""US Core's simple-language: language[-region], no script, no variant, no private use."""
SCRIPTS = {"zh-Hans", "zh-Hant"}
"""Tags that stand behind zh: the script in which a letter must be written."""
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})")
AGENT_TYPES = {"Patient", "Practitioner", "Organization", "RelatedPerson", "Encounter"}
QUESTION_SETS = load_settings().question_sets
GROUP_QUESTIONS = [
    (name, question)
    for name, question_set in QUESTION_SETS.items()
    for question in question_set.questions
    if question.kind is QuestionKind.GROUPS
]
[CASE] = generate_cases(1, 1)


def code_pairs(codings: Iterable[Coding]) -> set[tuple[str, str]]:
    return {(coding.system, coding.code) for coding in codings}


def state_choice(
    set_name: str, question: Question, choice: str, policy: MappingPolicy | None = None
) -> Statement:
    """Return the statement of a patient who makes that one choice."""
    submission = replace(
        CASE.submission, answers={question.id: Answer(AnswerState.ANSWERED, (choice,))}
    )
    return build_statement(submission, QUESTION_SETS[set_name], policy or MappingPolicy())


def all_choices(question: Question) -> list[str]:
    """Return every choice of the question: groups, boxes, and all that a search can find."""
    boxes = [
        choice
        for option in question.options
        for choice in (option.id, *(detail.id for detail in option.details))
    ]
    codes = [code for code in load_concepts() if find_group_option(question, code) is not None]
    return [*boxes, *codes]


@pytest.mark.parametrize("rolls_up", [False, True], ids=["as answered", "MENA rolls up"])
@pytest.mark.parametrize(
    ("set_name", "question"),
    GROUP_QUESTIONS,
    ids=[f"{name} {question.id}" for name, question in GROUP_QUESTIONS],
)
def test_every_choice_is_in_the_set_of_every_version(
    set_name: str, question: Question, rolls_up: bool
) -> None:
    policy = MappingPolicy(mena_rolls_up_to_white=rolls_up, infer_not_hispanic=rolls_up)
    races, ethnicities = set[Coding](), set[Coding]()
    detailed_races, detailed_ethnicities = set[Coding](), set[Coding]()
    for choice in all_choices(question):
        values = state_choice(set_name, question, choice, policy).values
        for value, categories, detailed in (
            (values.get(Element.RACE), races, detailed_races),
            (values.get(Element.ETHNICITY), ethnicities, detailed_ethnicities),
        ):
            if isinstance(value, CategoryAnswer):
                categories |= set(value.categories)
                detailed |= set(value.detailed)
    for name in us_core_bindings.VERSIONS:
        assert code_pairs(races) <= us_core_bindings.race_categories(name)
        assert code_pairs(ethnicities) <= us_core_bindings.ethnicity_categories(name)
        assert code_pairs(detailed_races) <= us_core_bindings.detailed_races(name)
        assert code_pairs(detailed_ethnicities) <= us_core_bindings.detailed_ethnicities(name)
    for coding in races | ethnicities | detailed_races | detailed_ethnicities:
        assert coding.display == load_concepts()[coding.code].display


@pytest.mark.parametrize("name", us_core_bindings.VERSIONS)
@pytest.mark.parametrize("reason", AbsentReason)
def test_every_null_is_in_its_set(name: str, reason: AbsentReason) -> None:
    version = us_core_version(name)
    for element, allowed in (
        (Element.RACE, us_core_bindings.race_categories(name)),
        (Element.ETHNICITY, us_core_bindings.ethnicity_categories(name)),
    ):
        null = version.null_coding(element, reason)
        assert null is None or (null.system, null.code) in allowed
    assert absent_reason_coding(reason).code in us_core_bindings.OBSERVATION_ABSENT
    assert version.null_coding(Element.RACE, reason) is not None


WITHOUT_FAMILY = frozenset({"ium"})
"""ISO 639-2 has no collective code for the Hmong-Mien languages."""


def test_the_table_has_the_versions_that_are_bound_here() -> None:
    assert {version.name for version in VERSIONS.values()} == set(us_core_bindings.VERSIONS)


@pytest.mark.parametrize("language_id", sorted(load_languages()))
def test_every_language_is_bound_and_has_its_own_name(language_id: str) -> None:
    [question] = [
        question
        for question in QUESTION_SETS["spd15-2024"].questions
        if question.recorded_elements == (Element.SPOKEN_LANGUAGE,)
    ]
    statement = state_choice("spd15-2024", question, language_id)
    language = statement.values.get(Element.SPOKEN_LANGUAGE)
    assert isinstance(language, Language)
    assert language.text
    for coding in language.codings:
        assert SIMPLE_LANGUAGE.fullmatch(coding.code) or coding.code in SCRIPTS
        assert coding.system == BCP47
        assert_own_name(coding)
    if language.codings:
        # Up to 7.0.0 US Core binds every BCP-47 language: the most specific tag must be there.
        assert language.codings[-1].code == language_id
        codes = us_core_bindings.LANGUAGES | WITHOUT_FAMILY
        assert language.codings[0].code in codes
        assert language.codings[-1].code not in us_core_bindings.COLLECTIVE_LANGUAGES


def assert_own_name(coding: Coding) -> None:
    """CLDR has the display as the language's name, or a fuller one: never another language's."""
    terms = load_languages()
    assert coding.display in {None, terms[coding.code].name if coding.code in terms else None}
    names = Locale("en").languages
    name = names.get(coding.code)
    others = {other for code, other in names.items() if code.partition("_")[0] != coding.code}
    is_own = name is None or coding.display in {None, name} or coding.display not in others
    assert is_own


def test_every_tribe_is_sent_with_its_own_code() -> None:
    assert set(load_tribes()) == us_core_bindings.TRIBE_CODES
    [question] = [
        question
        for question in QUESTION_SETS["spd15-2024-tribal"].questions
        if question.kind is QuestionKind.TRIBES
    ]
    for tribe_id, term in load_tribes().items():
        statement = state_choice("spd15-2024-tribal", question, tribe_id)
        tribe = Tribe(term.name, Coding(TRIBAL_ENTITIES, tribe_id, term.name))
        assert statement.values[Element.TRIBAL_AFFILIATION] == TribalAffiliation((tribe,))


def test_the_interpreters_codes_are_bound() -> None:
    assert code_pairs((YES, NO)) <= us_core_bindings.INTERPRETER_NEEDED
    unknown = absent_reason_coding(AbsentReason.ASKED_UNKNOWN)
    assert (unknown.system, unknown.code) in us_core_bindings.INTERPRETER_NEEDED


def test_every_loinc_code_was_verified_and_has_its_own_name() -> None:
    names = {coding.code: coding.display for coding in OBSERVATION_CODES.values()}
    assert names.items() <= us_core_bindings.LOINC_NAMES.items()
    for path in (*(ROOT / "fhir_client").rglob("*.py"), *(ROOT / "intake").rglob("*.py")):
        codes = set(re.findall(r"\b\d{5}-\d\b", path.read_text("utf-8")))
        assert codes <= set(us_core_bindings.LOINC_NAMES), path


def test_every_method_is_gravitys() -> None:
    codes = {coding.code for coding in SOURCE_METHODS.values()}
    assert codes <= us_core_bindings.COLLECTION_METHODS


def walk_json(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at any depth."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in pairs:
        yield str(key), value
        if isinstance(value, dict | list):
            yield from walk_json(value)


@pytest.fixture(scope="module")
def cases() -> list[GeneratedCase]:
    return list(generate_cases(4, 60))


@pytest.mark.parametrize("name", us_core_bindings.VERSIONS)
def test_uuids_moments_and_agents_are_well_formed(cases: list[GeneratedCase], name: str) -> None:
    for bundle in (build_case_bundle(case, name) for case in cases):
        urls = {entry.get("fullUrl") for entry in bundle["entry"]}
        for key, value in walk_json(bundle):
            if isinstance(value, str) and value.startswith("urn:uuid:"):
                assert UUID(value).urn == value
                assert key == "value" or value in urls
            if key in ("authored", "effectiveDateTime", "recorded"):
                assert MOMENT.fullmatch(value)
                assert datetime.fromisoformat(value).tzinfo is not None
            if key == "agent":
                assert all(map(may_act, value))


def may_act(agent: dict[str, Any]) -> bool:
    """US Core's provenance-1: a Practitioner or a Device acts on behalf of an organization."""
    who = agent["who"]
    resource_type = who.get("type") or who["reference"].partition("/")[0]
    return resource_type in AGENT_TYPES - {"Practitioner"} or "onBehalfOf" in agent


@pytest.mark.parametrize("name", us_core_bindings.VERSIONS)
def test_languages_in_the_chart_are_simple_and_bound(cases: list[GeneratedCase], name: str) -> None:
    all_tags = set[str]()
    for bundle in (build_case_bundle(case, name) for case in cases):
        for resource in (entry["resource"] for entry in bundle["entry"]):
            for language in (entry["language"] for entry in resource.get("communication", [])):
                tags = [coding["code"] for coding in language.get("coding", [])]
                all_tags |= set(tags)
                assert all(SIMPLE_LANGUAGE.fullmatch(tag) or tag in SCRIPTS for tag in tags)
                assert us_core_bindings.COLLECTIVE_LANGUAGES.isdisjoint(tags[-1:])
                assert not tags or tags[0] in us_core_bindings.LANGUAGES
    assert len(all_tags) > 20


def test_a_case_is_the_same_at_every_run(cases: list[GeneratedCase]) -> None:
    assert list(generate_cases(4, 60)) == cases
