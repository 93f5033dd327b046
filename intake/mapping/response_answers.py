"""A response's replies as answers, by question, checked for contradictions."""

from collections.abc import Iterable, Iterator, Mapping

from fhir_client.uscore.datatypes import absent_reason_coding
from fhir_client.uscore.statement import AbsentReason, Coding
from intake.answers import OWN_WORDS, Answer, AnswerState
from intake.i18n import load_translator
from intake.mapping.items import (
    ABSENT_REASONS,
    INTERPRETER_CODINGS,
    group_coding,
    group_link_id,
    own_words_link_id,
)
from intake.mapping.questionnaires import ABSENT_LABELS
from intake.mapping.response_items import ItemReply, ResponseError, join_faults
from intake.questions import Option, Question, QuestionKind, QuestionSet

Replies = Mapping[str, ItemReply]
_NO_REPLY = ItemReply()


def read_answers(replies: Replies, questions: QuestionSet, tag: str) -> dict[str, Answer]:
    """Return the answers by question id, without skipped questions; raises ResponseError.

    A contradiction is named by the words that the patient saw in the language `tag`.
    """
    answers, faults = {}, []
    for question in questions.questions:
        reader = _QuestionReader(replies, questions, question)
        faults += [
            f"{question.id}: “{_translate(tag, first)}” cannot stand together with {second}"
            for first, second in reader.find_contradictions(tag)
        ]
        if (answer := reader.read_answer()) is not None:
            answers[question.id] = answer
    if faults:
        raise ResponseError(join_faults(faults))
    return answers


def _translate(tag: str, message: str) -> str:
    return load_translator(tag).plain(message)


class _QuestionReader:
    """Reads the replies to the items of one question."""

    def __init__(self, replies: Replies, questions: QuestionSet, question: Question) -> None:
        self._replies, self._questions, self._question = replies, questions, question
        main = self._find_reply(question.id).codings
        absent = {absent_reason_coding(reason): reason for reason in AbsentReason}
        self._reasons = [absent[coding] for coding in main if coding in absent]
        self._main = [coding for coding in main if coding not in absent]
        self._write_ins = dict(self._read_write_ins())

    def read_answer(self) -> Answer | None:
        """Return the answer; None if the question was skipped."""
        for state, reason in ABSENT_REASONS.items():
            if reason in self._reasons:
                return Answer(state)
        choices = tuple(self._read_choices())
        if not choices and not self._write_ins:
            return None
        return Answer(AnswerState.ANSWERED, choices, self._write_ins)

    def find_contradictions(self, tag: str) -> Iterator[tuple[str, str]]:
        """Yield the label of an exclusive choice, and what it stands beside."""
        labels = [ABSENT_LABELS[reason] for reason in self._reasons]
        others = [
            *self._quote_others(tag),
            *(f"“{_translate(tag, label)}”" for label in labels[1:]),
        ]
        if labels and others:
            yield labels[0], ", ".join(others)
        groups = {option.id: option for option in self._question.options if self._says(option)}
        for option in groups.values():
            for other_id in option.excludes:
                # Each of the two may name the other. One sentence is enough.
                if other_id in groups and option.id < other_id:
                    yield option.label, f"“{_translate(tag, groups[other_id].label)}”"

    def _find_reply(self, link_id: str) -> ItemReply:
        return self._replies.get(link_id, _NO_REPLY)

    def _read_write_ins(self) -> Iterator[tuple[str, str]]:
        for option in self._question.options:
            link_id = f"{group_link_id(self._question, option)}.write-in"
            if text := self._find_reply(link_id).text:
                yield option.id, text
        if text := self._find_reply(own_words_link_id(self._question)).text:
            yield OWN_WORDS, text

    def _read_choices(self) -> Iterator[str]:
        if self._question.kind in (QuestionKind.LANGUAGE, QuestionKind.TRIBES):
            # The id of a language or tribe is its code.
            yield from (coding.code for coding in self._main)
            return
        for option in self._question.options:
            if self._is_ticked(option):
                yield option.id
            ids = {
                _code_key(self._option_coding(detail.id, detail.code)): detail.id
                for detail in option.details
            }
            for coding in self._detail_codings(option):
                yield ids.get(_code_key(coding), coding.code)

    def _is_ticked(self, option: Option) -> bool:
        expected = (
            INTERPRETER_CODINGS.get(option.id)
            if self._question.kind is QuestionKind.CHOICE
            else None
        ) or self._option_coding(option.id, option.code)
        return _code_key(expected) in map(_code_key, self._main)

    def _option_coding(self, option_id: str, code: str | None) -> Coding:
        return group_coding(self._questions, option_id, code, "")

    def _detail_codings(self, option: Option) -> Iterator[Coding]:
        for part in ("boxes", "found"):
            link_id = f"{group_link_id(self._question, option)}.{part}"
            yield from self._find_reply(link_id).codings

    def _says(self, option: Option) -> bool:
        """Return whether the replies choose the group, or one of its details."""
        return self._is_ticked(option) or any(self._detail_codings(option))

    def _quote_others(self, tag: str) -> Iterable[str]:
        for coding in self._main:
            yield f"“{_translate(tag, self._label_of(coding))}”"
        for option in self._question.options:
            if not self._is_ticked(option) and any(self._detail_codings(option)):
                yield f"a choice in {group_link_id(self._question, option)}"
        for line in self._write_ins:
            yield f"words in {self._question.id}.{line}{'' if line == OWN_WORDS else '.write-in'}"

    def _label_of(self, coding: Coding) -> str:
        for option in self._question.options:
            if coding.code in (option.code, option.id):
                return option.label
        return coding.display or coding.code


def _code_key(coding: Coding) -> tuple[str, str]:
    return coding.system, coding.code
