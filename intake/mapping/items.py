"""What a person said as items of the Questionnaire (questionnaires.py), so that a response fits its questionnaire.

A question has the item of its own id, with one Coding per choice. Details stand below `ID.details`, in a group for each group
of the question: its standard boxes, what was found by searching the whole code table, and the write-in line. Own words have
an item of their own. Declined and unknown are codings of data-absent-reason and options of the question itself: US Core asks
nothing of an item's answer, and a person at any form renderer can choose them as at our tablet.
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
SEARCH_LABEL = "Name of the group, in English"


def details_link_id(question: Question) -> str:
    """Return the linkId of the group in which the details of all groups stand."""
    return f"{question.id}.details"


def group_link_id(question: Question, option: Option) -> str:
    """Return the linkId of one group's details; its parts are `.boxes`, `.found` and `.write-in` of it."""
    return f"{question.id}.{option.id}"


def own_words_link_id(question: Question) -> str:
    """Return the linkId of the own words."""
    return f"{question.id}.{OWN_WORDS}"


def group_coding(questions: QuestionSet, identity: str, code: str | None, display: str) -> Coding:
    """Return a group's or detail's coding: CDCREC's, or one of the question set's own where CDCREC has none."""
    return (
        own_coding(questions, identity, display) if code is None else Coding(CDCREC, code, display)
    )


def language_coding(questions: QuestionSet, known: terminology.Language) -> Coding:
    """Return the coding of exactly the language that was chosen, script included: nothing binds an answer's code."""
    return (
        Coding(BCP47, known.id, known.name)
        if known.is_tag
        else own_coding(questions, known.id, known.name)
    )


def tribe_coding(tribe: terminology.Tribe) -> Coding:
    """Return a tribe's coding."""
    return Coding(TRIBAL_ENTITIES, tribe.code, tribe.name)


def own_coding(questions: QuestionSet, identity: str, display: str) -> Coding:
    """Return the coding of an option that no code system has."""
    return Coding(f"{questions.url}/options", identity, display)


def build_items(questions: QuestionSet, question: Question, answer: Answer) -> Iterator[ItemAnswer]:
    """Yield the items that say what was answered."""
    if answer.state is not AnswerState.ANSWERED:
        yield ItemAnswer(question.id, question.title, absent_reason=ABSENT_REASONS[answer.state])
        return
    if codings := tuple(_codings(questions, question, answer)):
        yield ItemAnswer(question.id, question.title, codings)
    if question.kind is QuestionKind.GROUPS and (
        details := tuple(_details(questions, question, answer))
    ):
        yield ItemAnswer(details_link_id(question), question.detail_title, items=details)
    if own := answer.write_ins.get(OWN_WORDS):
        yield ItemAnswer(own_words_link_id(question), question.own_words or "", strings=(own,))


def _codings(questions: QuestionSet, question: Question, answer: Answer) -> Iterator[Coding]:
    if question.kind is QuestionKind.GROUPS:
        groups = (each for each in resolve_choices(question, answer) if each.id == each.group)
        yield from (_coding(questions, each) for each in groups)
    elif question.kind is QuestionKind.LANGUAGE:
        yield from (
            language_coding(questions, terminology.load_languages()[each])
            for each in answer.choices
        )
    elif question.kind is QuestionKind.TRIBES:
        yield from (tribe_coding(terminology.load_tribes()[each]) for each in answer.choices)
    else:
        yield from (INTERPRETER_CODINGS[each] for each in answer.choices)


def _details(questions: QuestionSet, question: Question, answer: Answer) -> Iterator[ItemAnswer]:
    choices = resolve_choices(question, answer)
    for option in question.options:
        mine = [each for each in choices if each.group == option.id and each.id != option.id]
        if parts := tuple(_parts(questions, question, option, mine, answer)):
            yield ItemAnswer(group_link_id(question, option), option.label, items=parts)


def _parts(
    questions: QuestionSet,
    question: Question,
    option: Option,
    mine: list[GroupChoice],
    answer: Answer,
) -> Iterator[ItemAnswer]:
    link, standard = group_link_id(question, option), {detail.id for detail in option.details}
    boxes = tuple(_coding(questions, each) for each in mine if each.id in standard)
    found = tuple(_coding(questions, each) for each in mine if each.id not in standard)
    if boxes:
        yield ItemAnswer(f"{link}.boxes", question.detail_title, boxes)
    if found:
        yield ItemAnswer(f"{link}.found", SEARCH_LABEL, found)
    if words := answer.write_ins.get(option.id):
        yield ItemAnswer(f"{link}.write-in", option.write_in or "", strings=(words,))


def _coding(questions: QuestionSet, choice: GroupChoice) -> Coding:
    display = (
        choice.label if choice.code is None else terminology.load_concepts()[choice.code].display
    )
    return group_coding(questions, choice.id, choice.code, display)
