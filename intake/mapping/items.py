"""A submission's answers as the items of a QuestionnaireResponse.

The items fit the Questionnaire that `questionnaires.py` builds:

- The item of a question has the question's own id, with one Coding per choice.
- The details stand below `ID.details`, in a group for each group of the question: its boxes,
  the codes found by searching the whole code table, and the write-in line.
- A hidden item before them names each group with words on its line and without a tick. It
  enables that line, which otherwise stays hidden until the group is chosen.
- The own words have an item of their own.
- Declined and unknown are codings of data-absent-reason, and options of the question itself.
  US Core does not limit an item's answer. A patient can therefore choose both in any form
  renderer, as on our tablet.
"""

from collections.abc import Iterator

from fhir_client.uscore.datatypes import NO, YES
from fhir_client.uscore.statement import (
    BCP47,
    CDCREC,
    TRIBAL_ENTITIES,
    AbsentReason,
    Coding,
    ItemAnswer,
)
from intake import terminology
from intake.answers import OWN_WORDS, Answer, AnswerState
from intake.mapping.choices import GroupChoice, resolve_choices
from intake.questions import Option, Question, QuestionKind, QuestionSet

ABSENT_REASONS = {
    AnswerState.DECLINED: AbsentReason.ASKED_DECLINED,
    AnswerState.UNKNOWN: AbsentReason.ASKED_UNKNOWN,
}
INTERPRETER_CODINGS = {"yes": YES, "no": NO}
SEARCH_LABEL = "Name of a group or country"
LINES_LABEL = "Groups with words and without a tick"


def details_link_id(question: Question) -> str:
    """Return the linkId of the group that holds the details of all groups."""
    return f"{question.id}.details"


def group_link_id(question: Question, option: Option) -> str:
    """Return the linkId of one group's details.

    Its parts end in `.boxes`, `.found` and `.write-in`.
    """
    return f"{question.id}.{option.id}"


def lines_link_id(question: Question) -> str:
    """Return the linkId that names the groups with a write-in and without a tick."""
    return f"{question.id}.lines"


def own_words_link_id(question: Question) -> str:
    """Return the linkId of the own words."""
    return f"{question.id}.{OWN_WORDS}"


def group_coding(questions: QuestionSet, choice_id: str, code: str | None, display: str) -> Coding:
    """Return the coding of a group or detail.

    The coding is CDCREC's, or the question set's own if CDCREC has no code.
    """
    if code is None:
        return _option_coding(questions, choice_id, display)
    return Coding(CDCREC, code, display)


def language_coding(questions: QuestionSet, language: terminology.Language) -> Coding:
    """Return the coding of a language with its script, as the patient chose it.

    A script may stay in the code here, because no value set limits the answer of an item.
    """
    if language.is_tag:
        return Coding(BCP47, language.id, language.name)
    return _option_coding(questions, language.id, language.name)


def tribe_coding(tribe: terminology.Tribe) -> Coding:
    """Return the coding of a tribe."""
    return Coding(TRIBAL_ENTITIES, tribe.code, tribe.name)


def _option_coding(questions: QuestionSet, option_id: str, display: str) -> Coding:
    """Return the coding of an option that no public code system has."""
    return Coding(f"{questions.url}/options", option_id, display)


def build_items(questions: QuestionSet, question: Question, answer: Answer) -> Iterator[ItemAnswer]:
    """Yield the items of a question's answer."""
    if answer.state is not AnswerState.ANSWERED:
        yield ItemAnswer(question.id, question.title, absent_reason=ABSENT_REASONS[answer.state])
        return
    if codings := tuple(_answer_codings(questions, question, answer)):
        yield ItemAnswer(question.id, question.title, codings)
    if lines := tuple(_find_unticked_lines(questions, question, answer, codings)):
        yield ItemAnswer(lines_link_id(question), LINES_LABEL, lines)
    if details := tuple(_build_details(questions, question, answer)):
        yield ItemAnswer(details_link_id(question), question.detail_title, items=details)
    if own_words := answer.write_ins.get(OWN_WORDS):
        yield ItemAnswer(
            own_words_link_id(question), question.own_words or "", strings=(own_words,)
        )


def _answer_codings(questions: QuestionSet, question: Question, answer: Answer) -> Iterator[Coding]:
    if question.kind is QuestionKind.GROUPS:
        # The details of a group have items of their own.
        groups = (
            choice for choice in resolve_choices(question, answer) if choice.id == choice.group
        )
        yield from (_choice_coding(questions, choice) for choice in groups)
    elif question.kind is QuestionKind.LANGUAGE:
        languages = terminology.load_languages()
        yield from (
            language_coding(questions, languages[language_id]) for language_id in answer.choices
        )
    elif question.kind is QuestionKind.TRIBES:
        yield from (tribe_coding(terminology.load_tribes()[code]) for code in answer.choices)
    else:
        yield from (INTERPRETER_CODINGS[option_id] for option_id in answer.choices)


def _find_unticked_lines(
    questions: QuestionSet, question: Question, answer: Answer, ticked: tuple[Coding, ...]
) -> Iterator[Coding]:
    for option in question.options:
        coding = group_coding(questions, option.id, option.code, option.label)
        ticked_codes = {(chosen.system, chosen.code) for chosen in ticked}
        if answer.write_ins.get(option.id) and (coding.system, coding.code) not in ticked_codes:
            yield coding


def _build_details(
    questions: QuestionSet, question: Question, answer: Answer
) -> Iterator[ItemAnswer]:
    if question.kind is not QuestionKind.GROUPS:
        return
    choices = resolve_choices(question, answer)
    for option in question.options:
        details = [
            choice for choice in choices if choice.group == option.id and choice.id != option.id
        ]
        if parts := tuple(_build_group_parts(questions, question, option, details, answer)):
            yield ItemAnswer(group_link_id(question, option), option.label, items=parts)


def _build_group_parts(
    questions: QuestionSet,
    question: Question,
    option: Option,
    details: list[GroupChoice],
    answer: Answer,
) -> Iterator[ItemAnswer]:
    link_id = group_link_id(question, option)
    box_ids = {detail.id for detail in option.details}
    boxes = tuple(_choice_coding(questions, detail) for detail in details if detail.id in box_ids)
    searched = tuple(
        _choice_coding(questions, detail) for detail in details if detail.id not in box_ids
    )
    if boxes:
        yield ItemAnswer(f"{link_id}.boxes", question.detail_title, boxes)
    if searched:
        yield ItemAnswer(f"{link_id}.found", SEARCH_LABEL, searched)
    if write_in := answer.write_ins.get(option.id):
        yield ItemAnswer(f"{link_id}.write-in", option.write_in or "", strings=(write_in,))


def _choice_coding(questions: QuestionSet, choice: GroupChoice) -> Coding:
    # A response repeats the display of the code system, which may differ from the box's label.
    concepts = terminology.load_concepts()
    display = choice.label if choice.code is None else concepts[choice.code].display
    return group_coding(questions, choice.id, choice.code, display)
