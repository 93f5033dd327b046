"""Any answers → stored form, statement, Bundle → back are the same, in every version of US Core."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_client.model import Element
from fhir_client.transport import exact_json
from fhir_client.uscore.elements import OBSERVATION_CODES
from fhir_client.uscore.parsing import parse_statement
from fhir_client.uscore.statement import (
    AbsentReason,
    CategoryAnswer,
    Interpreter,
    ItemAnswer,
    Language,
    Source,
    Statement,
    TribalAffiliation,
    without_elements,
)
from fhir_client.uscore.versions import VERSIONS, us_core_version
from fhir_client.write.bundle import build_bundle
from fhir_client.write.validation import validate_bundle
from intake import terminology
from intake.answers import OWN_WORDS, Answer, AnswerState, Informant, Submission
from intake.mapping.statement import build_statement
from intake.questions import Question, QuestionKind, Subject
from intake.settings import MappingPolicy
from intake.store.payload import decode_submission, encode_submission
from tests.support.submission_strategies import QUESTION_SETS, owning_option, submissions

ABSENT = {
    AnswerState.DECLINED: AbsentReason.ASKED_DECLINED,
    AnswerState.UNKNOWN: AbsentReason.ASKED_UNKNOWN,
}
CATEGORIES = {"1002-5", "2028-9", "2054-5", "2076-8", "2106-3", "2135-2", "2186-5"}
CHART = {
    "resourceType": "Patient",
    "id": "1",
    "meta": {"versionId": "7"},
    "telecom": [{"value": "555"}],
}


@given(submissions)
def test_the_stored_form_comes_back(sent: Submission) -> None:
    assert decode_submission(encode_submission(sent)) == sent


@settings(deadline=None, max_examples=150)
@given(
    submissions,
    st.sampled_from(sorted(VERSIONS)),
    st.none() | st.just("Organization/riverside"),
    st.frozensets(st.sampled_from(sorted(OBSERVATION_CODES))),
)
def test_any_answers_come_back_from_the_bundle(
    sent: Submission, name: str, organization: str | None, corrects: frozenset[str]
) -> None:
    sent = replace(sent, patient="Patient/1")
    said = build_statement(sent, QUESTION_SETS[sent.question_set], MappingPolicy(), organization)
    said = replace(
        said,
        corrected_elements=frozenset(element for element in corrects if element in said.values),
    )
    bundle = build_bundle(said, us_core_version(name), CHART).bundle
    validate_bundle(bundle)
    found = parse_statement(
        entry["resource"]
        for entry in exact_json.parse_json(exact_json.format_json(bundle))["entry"]
    )
    # The written language stands in the chart alone, where "declined" and "does not know" have no place.
    written = said.values.get(Element.WRITTEN_LANGUAGE)
    absent = () if isinstance(written, Language) else (Element.WRITTEN_LANGUAGE,)
    assert found == without_elements(said, absent)
    agrees(sent, found)


def agrees(sent: Submission, found: Statement) -> None:
    """Compare with what the person said, without the mapping: rule by rule of FHIR.md, sections 2 to 5."""
    related = sent.informant in (Informant.GUARDIAN, Informant.CAREGIVER)
    assert (found.source is Source.RELATED_PERSON) == related
    assert found.answered_at == sent.answered_at
    assert {item.link_id: item.absent_reason for item in found.items if item.absent_reason} == {
        name: ABSENT[answer.state]
        for name, answer in sent.answers.items()
        if answer.state is not AnswerState.ANSWERED
    }
    for question in QUESTION_SETS[sent.question_set].questions:
        elements = [
            _element(found, each)
            for each in question.recorded_elements
            if each is not Element.WRITTEN_LANGUAGE
        ]
        answer = sent.answers.get(question.id)
        if answer is None:
            assert elements == [None] * len(elements)
        elif answer.state is not AnswerState.ANSWERED:
            assert elements == [ABSENT[answer.state]] * len(elements)
        else:
            _said(question, answer, found)


def _element(found: Statement, element: Element) -> Any:
    return found.values.get(element)


def _said(question: Question, answer: Answer, found: Statement) -> None:
    assert set(answer.write_ins.values()) <= set(_strings(found.items))
    if question.about is Subject.INFORMANT:
        # Nothing of it is anywhere but in the response, which the form's own tests read.
        return
    if question.kind is QuestionKind.GROUPS:
        _groups(question, answer, found)
    elif question.kind is QuestionKind.TRIBES:
        affiliation = found.values[Element.TRIBAL_AFFILIATION]
        assert isinstance(affiliation, TribalAffiliation)
        codes = [tribe.coding and tribe.coding.code for tribe in affiliation.tribes]
        assert codes == [*answer.choices, *[None] * len(answer.write_ins)]
        own_words = [tribe.text for tribe in affiliation.tribes if not tribe.coding]
        assert own_words == list(answer.write_ins.values())
    elif question.kind is QuestionKind.CHOICE:
        assert found.values.get(Element.INTERPRETER) == Interpreter(answer.choices == ("yes",))
    else:
        said = _element(found, question.elements[0])
        known = [terminology.load_languages()[each] for each in answer.choices]
        assert said.text == (known[0].endonym if known else answer.write_ins[OWN_WORDS])
        assert [each.code for each in said.codings[:1]] == [
            each.code for each in known if each.code
        ]


def _strings(items: Iterable[ItemAnswer]) -> Iterator[str]:
    for each in items:
        yield from (*each.strings, *_strings(each.items))


def _groups(question: Question, answer: Answer, found: Statement) -> None:
    details = {each.id: each for option in question.options for each in option.details}
    for element in question.elements:
        said = _element(found, element)
        mine = [each for each in answer.choices if owning_option(question, each).element is element]
        expected = {owning_option(question, each).code for each in mine}
        expected |= {details[each].code if each in details else each for each in mine} - {None}
        coded = said if isinstance(said, CategoryAnswer) else CategoryAnswer("")
        assert {each.code for each in coded.categories} == expected & CATEGORIES
        assert {each.code for each in coded.detailed} == expected - CATEGORIES
        for key, text in answer.write_ins.items():
            if (
                key != OWN_WORDS
                and next(each.element for each in question.options if each.id == key) is element
            ):
                assert text in said.text
    if OWN_WORDS in answer.write_ins:
        texts = [
            said.text
            for said in (found.values.get(Element.RACE), found.values.get(Element.ETHNICITY))
            if isinstance(said, CategoryAnswer)
        ]
        assert any(answer.write_ins[OWN_WORDS] in text for text in texts)
