"""The question sets as FHIR Questionnaires in every offered language; `items.py` makes the responses that fit them.

What the forms have and a Questionnaire has no place for is left out: the wording for those who answer for somebody else, and
the examples below a group's box. What those are asked about themselves is hidden, for no item says who answers: a response of
ours has it, and no other renderer asks it of the patient. The languages are named in themselves, as on the tablet, and need no
translation.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from fhir_client.uscore.datatypes import absent_reason_coding
from fhir_client.uscore.elements import OBSERVATION_CODES
from fhir_client.uscore.questionnaire import (
    AnswerOption,
    ItemControl,
    Questionnaire,
    QuestionnaireItem,
    TranslatedText,
)
from fhir_client.uscore.questionnaire import ItemType as ItemKind
from fhir_client.uscore.statement import CDCREC, AbsentReason, Coding
from intake import terminology
from intake.answers import MAX_WRITE_IN_LENGTH
from intake.i18n import SOURCE, load_translator
from intake.mapping.items import (
    INTERPRETER_CODINGS,
    SEARCH_LABEL,
    details_link_id,
    group_coding,
    group_link_id,
    language_coding,
    own_words_link_id,
    tribe_coding,
)
from intake.questions import Option, Question, QuestionKind, QuestionSet, Subject, question_texts

ABSENCES = {
    AbsentReason.ASKED_DECLINED: "I’d rather not say",
    AbsentReason.ASKED_UNKNOWN: "I don’t know",
}
"""How a person says so, in the words of the pages."""


def build_form(questions: QuestionSet, tags: Sequence[str]) -> Questionnaire:
    """Return the question set as a form in English with the translations into `tags`."""
    maker = _Maker(questions, tuple(tag for tag in tags if tag != SOURCE))
    return Questionnaire(
        id=questions.id,
        url=questions.url,
        version=questions.version,
        language=SOURCE,
        title=maker.joined([question.label for question in questions.questions]),
        items=(
            _notice(),
            *(
                item
                for question in questions.questions
                for item in _shown(question, maker.items(question))
            ),
        ),
    )


def form_messages(questions: QuestionSet) -> frozenset[str]:
    """Return every text that a translation is needed for."""
    return frozenset(
        (*ABSENCES.values(), SEARCH_LABEL, *(each.message for each in question_texts(questions)))
    )


def _notice() -> QuestionnaireItem:
    # Which privacy text was shown is written by the program that asks, so nobody has to read the item's words.
    return QuestionnaireItem("notice", ItemKind.STRING, TranslatedText("Notice shown"), hidden=True)


def _shown(question: Question, items: Iterable[QuestionnaireItem]) -> Iterator[QuestionnaireItem]:
    return (
        each if question.about is Subject.PATIENT else replace(each, hidden=True) for each in items
    )


class _Maker:
    """Makes the items of one question set, each text with its translations."""

    def __init__(self, questions: QuestionSet, tags: tuple[str, ...]) -> None:
        self._questions, self._tags = questions, tags

    def joined(self, messages: list[str]) -> TranslatedText:
        """Return several short texts as one."""
        others = {
            tag: " · ".join(load_translator(tag).plain(each) for each in messages)
            for tag in self._tags
        }
        return TranslatedText(" · ".join(messages), others)

    def items(self, question: Question) -> Iterator[QuestionnaireItem]:
        """Yield the question's items."""
        code = (
            OBSERVATION_CODES.get(question.recorded_elements[0])
            if len(question.recorded_elements) == 1
            else None
        )
        several = question.kind is QuestionKind.TRIBES or _takes_several(question)
        yield QuestionnaireItem(
            question.id,
            ItemKind.CHOICE,
            self._words(question.title),
            code=code,
            choices=(*self._options(question, several=several), *self._absences(alone=several)),
            control=_control(question, several=several),
            repeats=several,
            items=tuple(self._help(question)),
        )
        if details := tuple(self._details(question)):
            yield QuestionnaireItem(
                details_link_id(question),
                ItemKind.GROUP,
                self._words(question.detail_title),
                items=details,
            )
        if question.own_words is not None:
            yield self._line(own_words_link_id(question), question.own_words)

    def _words(self, message: str) -> TranslatedText:
        return self.joined([message])

    def _named(self, language: terminology.Language) -> TranslatedText:
        return (
            TranslatedText(language.endonym) if language.has_endonym else self._words(language.name)
        )

    def _options(self, question: Question, *, several: bool) -> Iterator[AnswerOption]:
        if question.kind is QuestionKind.LANGUAGE:
            for each in sorted(
                terminology.load_languages().values(),
                key=lambda known: (known.endonym.casefold(), known.id),
            ):
                yield AnswerOption(language_coding(self._questions, each), self._named(each))
        if question.kind is QuestionKind.TRIBES:
            yield from (
                AnswerOption(tribe_coding(each), TranslatedText(each.name))
                for each in terminology.load_tribes().values()
            )
        for option in question.options:
            known = (
                INTERPRETER_CODINGS.get(option.id) if question.kind is QuestionKind.CHOICE else None
            )
            coding = known or group_coding(self._questions, option.id, option.code, option.label)
            yield AnswerOption(
                coding, self._words(option.label), several and _is_exclusive(question, option)
            )

    def _absences(self, *, alone: bool) -> Iterator[AnswerOption]:
        for reason, message in ABSENCES.items():
            yield AnswerOption(absent_reason_coding(reason), self._words(message), alone)

    def _help(self, question: Question) -> Iterator[QuestionnaireItem]:
        if question.hint:
            yield QuestionnaireItem(
                f"{question.id}.hint",
                ItemKind.DISPLAY,
                self._words(question.hint),
                control=ItemControl.HELP,
            )

    def _details(self, question: Question) -> Iterator[QuestionnaireItem]:
        for option in question.options if question.kind is QuestionKind.GROUPS else ():
            if parts := tuple(self._parts(question, option)):
                yield QuestionnaireItem(
                    group_link_id(question, option),
                    ItemKind.GROUP,
                    self._words(option.label),
                    items=parts,
                )

    def _parts(self, question: Question, option: Option) -> Iterator[QuestionnaireItem]:
        link = group_link_id(question, option)
        chosen = (question.id, group_coding(self._questions, option.id, option.code, option.label))
        boxes = [
            (group_coding(self._questions, each.id, each.code, each.label), each.label)
            for each in option.details
        ]
        if boxes:
            yield QuestionnaireItem(
                f"{link}.boxes",
                ItemKind.CHOICE,
                self._words(question.detail_title),
                choices=tuple(AnswerOption(coding, self._words(label)) for coding, label in boxes),
                control=ItemControl.CHECK_BOX,
                repeats=True,
                enabled_by=chosen,
            )
        if found := _found(question, option):
            yield QuestionnaireItem(
                f"{link}.found",
                ItemKind.CHOICE,
                self._words(SEARCH_LABEL),
                choices=found,
                control=ItemControl.AUTOCOMPLETE,
                repeats=True,
                enabled_by=chosen,
            )
        if option.write_in is not None:
            # What stands on the line is taken without its group's box, too, so the line never goes away.
            yield self._line(f"{link}.write-in", option.write_in)

    def _line(self, link: str, message: str) -> QuestionnaireItem:
        return QuestionnaireItem(
            link, ItemKind.TEXT, self._words(message), max_length=MAX_WRITE_IN_LENGTH
        )


def _control(question: Question, *, several: bool) -> ItemControl:
    if question.kind in (QuestionKind.LANGUAGE, QuestionKind.TRIBES):
        return ItemControl.AUTOCOMPLETE
    return ItemControl.CHECK_BOX if several else ItemControl.RADIO_BUTTON


def _takes_several(question: Question) -> bool:
    return question.kind is QuestionKind.GROUPS and not all(
        _is_exclusive(question, each) for each in question.options
    )


def _is_exclusive(question: Question, option: Option) -> bool:
    """Return whether the option goes together with no other."""
    return {each.id for each in question.options} == {option.id, *option.excludes}


def _found(question: Question, option: Option) -> tuple[AnswerOption, ...]:
    """Return the codes of a group that have no box of their own."""
    if question.kind is not QuestionKind.GROUPS:
        return ()
    boxes = {option.id, *(detail.id for detail in option.details)}
    owned = (each for each in terminology.load_concepts().values() if each.code not in boxes)
    return tuple(
        AnswerOption(Coding(CDCREC, each.code, each.display), TranslatedText(each.display))
        for each in owned
        if terminology.find_group_option(question, each.code) is option
    )
