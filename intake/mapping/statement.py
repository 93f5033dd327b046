"""Maps a submission and its question set to a coded statement for fhir_client."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fhir_client.model import Element
from fhir_client.uscore.statement import (
    BCP47,
    CDCREC,
    CategoryAnswer,
    Coding,
    ElementValue,
    Entry,
    Interpreter,
    ItemAnswer,
    Language,
    Source,
    Statement,
    TribalAffiliation,
    Tribe,
)
from intake import terminology
from intake.answers import (
    INFORMANT_RELATIONSHIPS,
    OWN_WORDS,
    Answer,
    AnswerState,
    Channel,
    Submission,
)
from intake.mapping.choices import GroupChoice, UnknownAnswerError, resolve_choices
from intake.mapping.items import ABSENT_REASONS, build_items, tribe_coding
from intake.questions import Question, QuestionKind, QuestionSet
from intake.settings import MappingPolicy
from intake.terminology import MENA, WHITE

ElementValues = dict[Element, ElementValue]
NOT_HISPANIC = "2186-5"
"""The CDCREC code of "Not Hispanic or Latino"."""

_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
_ELECTRONIC = Coding(_PARTICIPATION, "ELECTRONIC", "electronic data")
COMPLETION_MODES = {
    Channel.KIOSK: _ELECTRONIC,
    Channel.LINK: _ELECTRONIC,
    Channel.STAFF: Coding(_PARTICIPATION, "VERBAL", "verbal"),
    Channel.PAPER: Coding(_PARTICIPATION, "WRITTEN", "written"),
}
"""How the informant gave the answers, by channel; R4 binds ValueSet/questionnaireresponse-mode."""


def build_statement(
    submission: Submission,
    questions: QuestionSet,
    policy: MappingPolicy,
    organization: str | None = None,
) -> Statement:
    """Return the submission as a coded statement; raises UnknownAnswerError."""
    relationship = INFORMANT_RELATIONSHIPS.get(submission.informant)
    # This comes before the items, because it checks the answers and the items trust them.
    values = _map_answers(submission, questions, policy)
    return Statement(
        submission=submission.id,
        patient=submission.patient,
        answered_at=submission.answered_at,
        source=Source.PATIENT if relationship is None else Source.RELATED_PERSON,
        source_display=relationship,
        # This is the version that the patient answered. The site may ask a newer one by now.
        questionnaire=f"{questions.url}|{submission.question_set_version}",
        locale=submission.locale,
        notice=submission.notice,
        items=tuple(_build_all_items(questions, submission)),
        encounter=submission.encounter,
        organization=organization,
        values=values,
        entry=Entry(
            submission.channel.value,
            COMPLETION_MODES[submission.channel],
            submission.channel.is_by_staff,
            submission.entered_by,
        ),
    )


def _map_answers(
    submission: Submission, questions: QuestionSet, policy: MappingPolicy
) -> ElementValues:
    values: ElementValues = {}
    for name, answer in submission.answers.items():
        question = questions.find_question(name)
        if question is None:
            raise UnknownAnswerError(
                f"answers.{name}: question set {questions.id} has no such question"
            )
        mapped = _map_answer(question, answer, policy)
        # A question about the informant is checked like any other, but never reaches the chart.
        values |= {
            element: mapped[element] for element in question.recorded_elements if element in mapped
        }
    return values


def _build_all_items(questions: QuestionSet, submission: Submission) -> Iterator[ItemAnswer]:
    # FHIR wants a response's items in the order of its Questionnaire. The answers come in the
    # order in which the patient gave them.
    for question in questions.questions:
        if answer := submission.answers.get(question.id):
            yield from build_items(questions, question, answer)


def _map_answer(question: Question, answer: Answer, policy: MappingPolicy) -> ElementValues:
    if answer.state is not AnswerState.ANSWERED:
        return dict.fromkeys(question.elements, ABSENT_REASONS[answer.state])
    _check_write_ins(question, answer)
    if question.kind is QuestionKind.GROUPS:
        return _map_groups(question, answer, policy)
    if question.kind is QuestionKind.LANGUAGE:
        return {question.elements[0]: _map_language(question, answer)}
    if question.kind is QuestionKind.TRIBES:
        return {question.elements[0]: _map_tribes(question, answer)}
    return {Element.INTERPRETER: Interpreter(_single_choice(question, answer) == "yes")}


def _check_write_ins(question: Question, answer: Answer) -> None:
    # Words under an unknown key would reach no part of the statement, and would be lost.
    keys = {option.id for option in question.options if option.write_in is not None}
    if question.own_words is not None:
        keys.add(OWN_WORDS)
    for position, key in enumerate(answer.write_ins):
        if key not in keys:
            raise UnknownAnswerError(
                f"answers.{question.id}.write_ins[{position}]: "
                "this question has no such line to write on"
            )


def _single_choice(question: Question, answer: Answer) -> str:
    if len(answer.choices) != 1 or question.find_option(answer.choices[0]) is None:
        raise UnknownAnswerError(
            f"answers.{question.id}.choices: exactly one of the question's options"
        )
    return answer.choices[0]


def _map_groups(question: Question, answer: Answer, policy: MappingPolicy) -> ElementValues:
    choices = resolve_choices(question, answer)
    values: ElementValues = {}
    for element in question.elements:
        element_choices = [
            choice for choice in choices if _element_of_group(question, choice.group) is element
        ]
        write_ins = _write_ins_of_element(question, answer, choices, element)
        if element_choices or write_ins:
            values[element] = _code_categories(element_choices, write_ins, policy)
    # A patient who ticked no box may have written an ethnicity in their own words. Only a patient
    # who ticked boxes has left ethnicity out.
    left_out = (
        bool(choices) and Element.ETHNICITY in question.elements and Element.ETHNICITY not in values
    )
    if policy.infer_not_hispanic and left_out:
        not_hispanic = GroupChoice(
            NOT_HISPANIC, NOT_HISPANIC, NOT_HISPANIC, "Not Hispanic or Latino"
        )
        values[Element.ETHNICITY] = _code_categories([not_hispanic], [], policy)
    return values


def _write_ins_of_element(
    question: Question, answer: Answer, choices: Iterable[GroupChoice], element: Element
) -> list[str]:
    """Return the write-ins of the element's groups, and the own words if it owns them."""
    write_ins = [
        text
        for key, text in answer.write_ins.items()
        if key != OWN_WORDS and _element_of_group(question, key) is element
    ]
    own_words = answer.write_ins.get(OWN_WORDS)
    if own_words is not None and element is _element_of_own_words(question, choices):
        write_ins.append(own_words)
    return write_ins


def _element_of_group(question: Question, group: str) -> Element | None:
    option = question.find_option(group)
    return None if option is None else option.element


def _element_of_own_words(question: Question, choices: Iterable[GroupChoice]) -> Element:
    """Return the element that takes the own words.

    They belong to race, unless every choice belongs to ethnicity.
    """
    elements = {_element_of_group(question, choice.group) for choice in choices}
    only_ethnicity = elements == {Element.ETHNICITY} and Element.ETHNICITY in question.elements
    return Element.ETHNICITY if only_ethnicity else question.elements[0]


def _code_categories(
    choices: list[GroupChoice], write_ins: list[str], policy: MappingPolicy
) -> CategoryAnswer:
    codes = [choice.code for choice in choices if choice.code is not None]
    # No version of US Core has Middle Eastern or North African (2118-8) among its OMB categories,
    # so the statement carries it as a detail.
    categories = [code for code in codes if code == terminology.group_of(code) and code != MENA]
    if policy.mena_rolls_up_to_white and MENA in codes and WHITE not in categories:
        categories.append(WHITE)
    detailed = [code for code in codes if code not in categories]
    # US Core's text stands for the whole answer: a reader of the text alone misses no group.
    labels = dict.fromkeys(choice.label for choice in choices)
    return CategoryAnswer(
        text="; ".join(filter(None, (", ".join(labels), *write_ins))),
        categories=tuple(map(_cdcrec_coding, categories)),
        detailed=tuple(map(_cdcrec_coding, detailed)),
    )


def _cdcrec_coding(code: str) -> Coding:
    return Coding(CDCREC, code, terminology.load_concepts()[code].display)


def _map_language(question: Question, answer: Answer) -> Language:
    own_words = answer.write_ins.get(OWN_WORDS)
    if not answer.choices and own_words:
        return Language(text=own_words)
    if len(answer.choices) != 1 or answer.choices[0] not in terminology.load_languages():
        raise UnknownAnswerError(
            f"answers.{question.id}.choices: exactly one language of the table, or own words"
        )
    language = terminology.load_languages()[answer.choices[0]]
    coded = Language(
        text=language.endonym,
        codings=_language_codings(language),
        signed=language.signed,
        own_words=own_words or "",
    )
    # Without a code the whole text is what names the language.
    return coded if coded.codings else replace(coded, text=coded.wording, own_words="")


def _language_codings(language: terminology.Language) -> tuple[Coding, ...]:
    """Return the language's codings, from the shortest code to the most specific."""
    languages = terminology.load_languages()
    codes = dict.fromkeys((language.code, language.id if language.is_tag else None))
    # The table has no row for the code of a family, such as sgn, so that it has no display.
    return tuple(
        Coding(BCP47, code, languages[code].name if code in languages else None)
        for code in codes
        if code is not None
    )


def _map_tribes(question: Question, answer: Answer) -> TribalAffiliation:
    tribes = terminology.load_tribes()
    for position, choice in enumerate(answer.choices):
        if choice not in tribes:
            raise UnknownAnswerError(
                f"answers.{question.id}.choices[{position}]: is no tribe of the table"
            )
    coded = [Tribe(tribes[code].name, tribe_coding(tribes[code])) for code in answer.choices]
    own_words = answer.write_ins.get(OWN_WORDS)
    # The own words may name a further tribe, so they never describe one of the coded tribes.
    return TribalAffiliation((*coded, *([] if own_words is None else [Tribe(own_words)])))
