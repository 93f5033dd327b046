"""The question sets as FHIR Questionnaires in every offered language; `items.py` makes the responses that fit them.

What the forms have and a Questionnaire has no place for is left out: the wording for those who answer for somebody else, and
the examples below a group's box. What those are asked about themselves is hidden, for no item says who answers: a response of
ours has it, and no other renderer asks it of the patient. The languages are named in themselves, as on the tablet, and need no
translation.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from fhir_client.uscore.form import Choice, Control, Form, FormItem, Words
from fhir_client.uscore.form import Kind as ItemKind
from fhir_client.uscore.observations import CODES
from fhir_client.uscore.parts import absent
from fhir_client.uscore.statement import CDCREC, AbsentReason, Coding
from intake import terminology
from intake.answers import LONGEST_WRITE_IN
from intake.i18n import SOURCE, translator
from intake.questions import Kind, Option, Question, QuestionSet, Subject, texts
from intake.sync.items import (
    INTERPRETER,
    SEARCH_WORDS,
    coding_of,
    details_link,
    group_link,
    language_coding,
    tribe_coding,
    words_link,
)

ABSENCES = {
    AbsentReason.ASKED_DECLINED: "I’d rather not say",
    AbsentReason.ASKED_UNKNOWN: "I don’t know",
}
"""How a person says so, in the words of the pages."""


def form_of(questions: QuestionSet, tags: Sequence[str]) -> Form:
    """Return the question set as a form in English with the translations into `tags`."""
    maker = _Maker(questions, tuple(tag for tag in tags if tag != SOURCE))
    return Form(
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


def messages(questions: QuestionSet) -> frozenset[str]:
    """Return every text that a translation is needed for."""
    return frozenset((*ABSENCES.values(), SEARCH_WORDS, *(each.words for each in texts(questions))))


def _notice() -> FormItem:
    # Which privacy text was shown is written by the program that asks, so nobody has to read the item's words.
    return FormItem("notice", ItemKind.STRING, Words("Notice shown"), hidden=True)


def _shown(question: Question, items: Iterable[FormItem]) -> Iterator[FormItem]:
    return (
        each if question.about is Subject.PATIENT else replace(each, hidden=True) for each in items
    )


class _Maker:
    """Makes the items of one question set, each text with its translations."""

    def __init__(self, questions: QuestionSet, tags: tuple[str, ...]) -> None:
        self._questions, self._tags = questions, tags

    def joined(self, messages: list[str]) -> Words:
        """Return several short texts as one."""
        others = {
            tag: " · ".join(translator(tag).plain(each) for each in messages) for tag in self._tags
        }
        return Words(" · ".join(messages), others)

    def items(self, question: Question) -> Iterator[FormItem]:
        """Yield the question's items."""
        code = CODES.get(question.recorded[0].value) if len(question.recorded) == 1 else None
        several = question.kind is Kind.TRIBES or _takes_several(question)
        yield FormItem(
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
            yield FormItem(
                details_link(question),
                ItemKind.GROUP,
                self._words(question.detail_title),
                items=details,
            )
        if question.own_words is not None:
            yield self._line(words_link(question), question.own_words)

    def _words(self, message: str) -> Words:
        return self.joined([message])

    def _named(self, language: terminology.Language) -> Words:
        return Words(language.endonym) if language.has_endonym else self._words(language.name)

    def _options(self, question: Question, *, several: bool) -> Iterator[Choice]:
        if question.kind is Kind.LANGUAGE:
            for each in sorted(
                terminology.languages().values(),
                key=lambda known: (known.endonym.casefold(), known.id),
            ):
                yield Choice(language_coding(self._questions, each), self._named(each))
        if question.kind is Kind.TRIBES:
            yield from (
                Choice(tribe_coding(each), Words(each.name))
                for each in terminology.tribes().values()
            )
        for option in question.options:
            known = INTERPRETER.get(option.id) if question.kind is Kind.CHOICE else None
            coding = known or coding_of(self._questions, option.id, option.code, option.label)
            yield Choice(
                coding, self._words(option.label), several and _is_exclusive(question, option)
            )

    def _absences(self, *, alone: bool) -> Iterator[Choice]:
        for reason, message in ABSENCES.items():
            yield Choice(absent(reason), self._words(message), alone)

    def _help(self, question: Question) -> Iterator[FormItem]:
        if question.hint:
            yield FormItem(
                f"{question.id}.hint",
                ItemKind.DISPLAY,
                self._words(question.hint),
                control=Control.HELP,
            )

    def _details(self, question: Question) -> Iterator[FormItem]:
        for option in question.options if question.kind is Kind.GROUPS else ():
            if parts := tuple(self._parts(question, option)):
                yield FormItem(
                    group_link(question, option),
                    ItemKind.GROUP,
                    self._words(option.label),
                    items=parts,
                )

    def _parts(self, question: Question, option: Option) -> Iterator[FormItem]:
        link = group_link(question, option)
        chosen = (question.id, coding_of(self._questions, option.id, option.code, option.label))
        boxes = [
            (coding_of(self._questions, each.id, each.code, each.label), each.label)
            for each in option.details
        ]
        if boxes:
            yield FormItem(
                f"{link}.boxes",
                ItemKind.CHOICE,
                self._words(question.detail_title),
                choices=tuple(Choice(coding, self._words(label)) for coding, label in boxes),
                control=Control.CHECK_BOX,
                repeats=True,
                enabled_by=chosen,
            )
        if found := _found(question, option):
            yield FormItem(
                f"{link}.found",
                ItemKind.CHOICE,
                self._words(SEARCH_WORDS),
                choices=found,
                control=Control.AUTOCOMPLETE,
                repeats=True,
                enabled_by=chosen,
            )
        if option.write_in is not None:
            # What stands on the line is taken without its group's box, too, so the line never goes away.
            yield self._line(f"{link}.write-in", option.write_in)

    def _line(self, link: str, message: str) -> FormItem:
        return FormItem(link, ItemKind.TEXT, self._words(message), longest=LONGEST_WRITE_IN)


def _control(question: Question, *, several: bool) -> Control:
    if question.kind in (Kind.LANGUAGE, Kind.TRIBES):
        return Control.AUTOCOMPLETE
    return Control.CHECK_BOX if several else Control.RADIO_BUTTON


def _takes_several(question: Question) -> bool:
    return question.kind is Kind.GROUPS and not all(
        _is_exclusive(question, each) for each in question.options
    )


def _is_exclusive(question: Question, option: Option) -> bool:
    """Return whether the option goes together with no other."""
    return {each.id for each in question.options} == {option.id, *option.excludes}


def _found(question: Question, option: Option) -> tuple[Choice, ...]:
    """Return the codes of a group that have no box of their own."""
    if question.kind is not Kind.GROUPS:
        return ()
    boxes = {option.id, *(detail.id for detail in option.details)}
    owned = (each for each in terminology.cdcrec().values() if each.code not in boxes)
    return tuple(
        Choice(Coding(CDCREC, each.code, each.display), Words(each.display))
        for each in owned
        if terminology.owner_of(question, each.code) is option
    )
