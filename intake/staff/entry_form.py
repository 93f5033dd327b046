"""Reads the desk's form of all questions into answers and named faults."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from intake import terminology
from intake.answers import OWN_WORDS, WRITE_IN, Answer, AnswerState
from intake.pages.answer_forms import (
    CHOICE,
    FormFault,
    FormReading,
    FormValues,
    has_content,
    read_details,
    read_question,
)
from intake.questions import Question, QuestionKind, QuestionSet

STATE = "state"
"""The field of a question's state, declined or unknown; the question's id follows each field."""

FAULT_SENTENCES: Mapping[FormFault, str] = {
    FormFault.BOTH: "has an answer and is also marked as declined or not known. Keep one of them.",
    FormFault.CONTRADICTION: "has two answers that exclude each other. Keep one of them.",
    FormFault.UNKNOWN_CHOICE: "has a choice that is not in the question, or a line "
    "whose group is not ticked. Tick the group, too.",
    FormFault.TOO_LONG: "has a text that is too long.",
    FormFault.CONTROL: "has a character that is no letter, number or sign.",
    FormFault.NO_WORDS: "names no language.",
}


@dataclass(frozen=True, slots=True)
class EntryReading:
    """The answers of a form by question id, and its faults as sentences for the desk."""

    answers: Mapping[str, Answer]
    faults: tuple[str, ...] = ()


def read_entry(questions: QuestionSet, values: FormValues) -> EntryReading:
    """Read every question of the form.

    A field is named after its kind and its question, such as `choice.race` and
    `write-in-2028-9.race`. A question without any entry counts as skipped.
    """
    readings = {
        question.id: _read_question(question, _question_values(question, values))
        for question in questions.questions
    }
    faults = [
        f"{question.label} {FAULT_SENTENCES[fault]}"
        for question in questions.questions
        for fault in readings[question.id].faults
    ]
    answers = {
        question_id: reading.answer
        for question_id, reading in readings.items()
        if reading.answer is not None
    }
    return EntryReading(answers, tuple(faults))


def _question_values(question: Question, values: FormValues) -> FormValues:
    """Return one question's fields under the names that the patient's form has."""
    ending = f".{question.id}"
    own = {key.removesuffix(ending): texts for key, texts in values.items() if key.endswith(ending)}
    if question.kind is QuestionKind.TRIBES:
        return {**own, **_pick_tribes(own)}
    return own


def _pick_tribes(own: FormValues) -> Mapping[str, Sequence[str]]:
    """Return the codes of tribes whose whole name was typed, and the rest as own words."""
    typed = [text.strip() for text in own.get(OWN_WORDS, ()) if text.strip()]
    codes_by_name = {
        tribe.name.casefold(): code for code, tribe in terminology.load_tribes().items()
    }
    codes = [codes_by_name[text.casefold()] for text in typed if text.casefold() in codes_by_name]
    words = [text for text in typed if text.casefold() not in codes_by_name]
    return {CHOICE: codes, OWN_WORDS: ["; ".join(words)] if words else []}


def _read_question(question: Question, own: FormValues) -> FormReading:
    state = next((text for text in own.get(STATE, ()) if text), "")
    if state:
        if state not in (AnswerState.DECLINED, AnswerState.UNKNOWN):
            return FormReading(None, (FormFault.UNKNOWN_CHOICE,))
        if has_content(own):
            return FormReading(None, (FormFault.BOTH,))
        return FormReading(Answer(AnswerState(state)))
    if question.kind is not QuestionKind.GROUPS:
        return read_question(question, own, None)
    return _read_groups(question, own)


def _read_groups(question: Question, own: FormValues) -> FormReading:
    """Read groups and details together; a ticked detail ticks its group."""
    choices = own.get(CHOICE, ())
    groups = [choice for choice in choices if question.find_option(choice)]
    details = [choice for choice in choices if not question.find_option(choice)]
    first = read_question(question, {**own, CHOICE: groups}, None)
    has_details = bool(details) or any(map(str.strip, _write_ins(own)))
    if first.faults or not has_details:
        return first
    answer = first.answer or Answer(AnswerState.ANSWERED)
    second = read_details(question, {**own, CHOICE: details}, answer)
    if second.faults or second.answer is None:
        return second
    # A group that came with its detail must not contradict another group either.
    ticked = [choice for choice in second.answer.choices if question.find_option(choice)]
    again = read_question(question, {CHOICE: ticked}, None)
    return again if again.faults else second


def _write_ins(own: FormValues) -> Iterator[str]:
    return (text for key, texts in own.items() if key.startswith(WRITE_IN) for text in texts)
