"""Any answers come back the same from the stored form and from the Bundle, in every version."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_client.model import Element
from fhir_client.transport import exact_json
from fhir_client.uscore.elements import OBSERVATION_CODES
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
from tests.support.parsed_statements import parse_statement
from tests.support.submission_strategies import QUESTION_SETS, owning_option, submissions

ABSENT_REASONS = {
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
def test_any_submission_comes_back_from_its_stored_form(submission: Submission) -> None:
    assert decode_submission(encode_submission(submission)) == submission


@settings(deadline=None, max_examples=150)
@given(
    submissions,
    st.sampled_from(sorted(VERSIONS)),
    st.none() | st.just("Organization/riverside"),
    st.frozensets(st.sampled_from(sorted(OBSERVATION_CODES))),
)
def test_any_answers_come_back_from_the_bundle(
    submission: Submission, name: str, organization: str | None, corrected: frozenset[Element]
) -> None:
    submission = replace(submission, patient="Patient/1")
    questions = QUESTION_SETS[submission.question_set]
    statement = build_statement(submission, questions, MappingPolicy(), organization)
    # Only an element with an Observation can show that it corrects another one.
    statement = replace(
        statement, corrected_elements=frozenset(corrected & statement.values.keys())
    )
    bundle = build_bundle(statement, us_core_version(name), CHART).bundle
    validate_bundle(bundle)
    sent = exact_json.parse_json(exact_json.format_json(bundle))
    parsed = parse_statement(entry["resource"] for entry in sent["entry"])
    # The written language stands in the chart alone, which has no place for an absent answer.
    written = statement.values.get(Element.WRITTEN_LANGUAGE)
    absent = () if isinstance(written, Language) else (Element.WRITTEN_LANGUAGE,)
    assert parsed == without_elements(statement, absent)
    assert_same_answers(submission, parsed)


def assert_same_answers(submission: Submission, statement: Statement) -> None:
    """Compare with the answers, without the mapping: by fhir_client/MAPPING.md, sections 2 to 5."""
    is_related = submission.informant in (Informant.GUARDIAN, Informant.CAREGIVER)
    assert (statement.source is Source.RELATED_PERSON) == is_related
    assert statement.answered_at == submission.answered_at
    reasons = {item.link_id: item.absent_reason for item in statement.items if item.absent_reason}
    assert reasons == {
        question_id: ABSENT_REASONS[answer.state]
        for question_id, answer in submission.answers.items()
        if answer.state is not AnswerState.ANSWERED
    }
    for question in QUESTION_SETS[submission.question_set].questions:
        values = [
            statement.values.get(element)
            for element in question.recorded_elements
            if element is not Element.WRITTEN_LANGUAGE
        ]
        answer = submission.answers.get(question.id)
        if answer is None:
            assert values == [None] * len(values)
        elif answer.state is not AnswerState.ANSWERED:
            assert values == [ABSENT_REASONS[answer.state]] * len(values)
        else:
            assert_answered(question, answer, statement)


def assert_answered(question: Question, answer: Answer, statement: Statement) -> None:
    assert set(answer.write_ins.values()) <= set(all_strings(statement.items))
    if question.about is Subject.INFORMANT:
        # It stands in the response alone, which the tests of the form read.
        return
    if question.kind is QuestionKind.GROUPS:
        assert_groups(question, answer, statement)
    elif question.kind is QuestionKind.TRIBES:
        affiliation = statement.values[Element.TRIBAL_AFFILIATION]
        assert isinstance(affiliation, TribalAffiliation)
        codes = [tribe.coding and tribe.coding.code for tribe in affiliation.tribes]
        assert codes == [*answer.choices, *[None] * len(answer.write_ins)]
        own_words = [tribe.text for tribe in affiliation.tribes if not tribe.coding]
        assert own_words == list(answer.write_ins.values())
    elif question.kind is QuestionKind.CHOICE:
        interpreter = Interpreter(answer.choices == ("yes",))
        assert statement.values.get(Element.INTERPRETER) == interpreter
    else:
        language = statement.values[question.elements[0]]
        assert isinstance(language, Language)
        terms = [terminology.load_languages()[choice] for choice in answer.choices]
        names = [term.endonym for term in terms]
        assert language.wording == "; ".join([*names, *answer.write_ins.values()])
        first_codes = [coding.code for coding in language.codings[:1]]
        assert first_codes == [term.code for term in terms if term.code]


def all_strings(items: Iterable[ItemAnswer]) -> Iterator[str]:
    for item in items:
        yield from (*item.strings, *all_strings(item.items))


def assert_groups(question: Question, answer: Answer, statement: Statement) -> None:
    details = {detail.id: detail for option in question.options for detail in option.details}
    elements = {option.id: option.element for option in question.options}
    for element in question.elements:
        value = statement.values.get(element)
        category_answer = value if isinstance(value, CategoryAnswer) else CategoryAnswer("")
        choices = [
            choice
            for choice in answer.choices
            if owning_option(question, choice, answer.choices).element is element
        ]
        expected = {owning_option(question, choice, answer.choices).code for choice in choices}
        expected |= {
            details[choice].code if choice in details else choice for choice in choices
        } - {None}
        assert {coding.code for coding in category_answer.categories} == expected & CATEGORIES
        assert {coding.code for coding in category_answer.detailed} == expected - CATEGORIES
        for line, text in answer.write_ins.items():
            if line != OWN_WORDS and elements[line] is element:
                assert text in category_answer.text
    if OWN_WORDS in answer.write_ins:
        values = (statement.values.get(element) for element in (Element.RACE, Element.ETHNICITY))
        texts = [value.text for value in values if isinstance(value, CategoryAnswer)]
        assert any(answer.write_ins[OWN_WORDS] in text for text in texts)
