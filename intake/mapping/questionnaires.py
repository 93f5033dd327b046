"""The question sets as FHIR Questionnaires in every offered language.

`items.py` makes the responses that fit them. A Questionnaire has no place for the wording for
informants other than the patient, nor for the examples below a group's box, so both are left out.
The questions about the informant are hidden: our responses answer them, and no other renderer asks
a patient. Each language is named in itself, as on the tablet, and needs no translation.
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

# A patient declines, or does not know, in the words of the pages.
ABSENCE_LABELS = {
    AbsentReason.ASKED_DECLINED: "I’d rather not say",
    AbsentReason.ASKED_UNKNOWN: "I don’t know",
}


def build_form(questions: QuestionSet, tags: Sequence[str]) -> Questionnaire:
    """Return the question set as a form in English, with translations into `tags`."""
    builder = _ItemBuilder(questions, tuple(tag for tag in tags if tag != SOURCE))
    return Questionnaire(
        id=questions.id,
        url=questions.url,
        version=questions.version,
        language=SOURCE,
        title=builder.join_texts([question.label for question in questions.questions]),
        items=(
            _build_notice(),
            *(
                item
                for question in questions.questions
                for item in _hide_informant_items(question, builder.build_items(question))
            ),
        ),
    )


def form_messages(questions: QuestionSet) -> frozenset[str]:
    """Return every text that needs a translation."""
    return frozenset(
        (
            *ABSENCE_LABELS.values(),
            SEARCH_LABEL,
            *(text.message for text in question_texts(questions)),
        )
    )


def _build_notice() -> QuestionnaireItem:
    # The program that asks fills this in, so the item is hidden from the patient.
    return QuestionnaireItem("notice", ItemKind.STRING, TranslatedText("Notice shown"), hidden=True)


def _hide_informant_items(
    question: Question, items: Iterable[QuestionnaireItem]
) -> Iterator[QuestionnaireItem]:
    is_hidden = question.about is not Subject.PATIENT
    return (replace(item, hidden=True) if is_hidden else item for item in items)


class _ItemBuilder:
    """Builds the items of one question set, each text with its translations."""

    def __init__(self, questions: QuestionSet, tags: tuple[str, ...]) -> None:
        self._questions, self._tags = questions, tags

    def join_texts(self, messages: list[str]) -> TranslatedText:
        """Return several short texts as one."""
        translations = {
            tag: " · ".join(load_translator(tag).plain(message) for message in messages)
            for tag in self._tags
        }
        return TranslatedText(" · ".join(messages), translations)

    def build_items(self, question: Question) -> Iterator[QuestionnaireItem]:
        """Yield the question's items."""
        code = (
            OBSERVATION_CODES.get(question.recorded_elements[0])
            if len(question.recorded_elements) == 1
            else None
        )
        repeats = question.kind is QuestionKind.TRIBES or _takes_several(question)
        yield QuestionnaireItem(
            question.id,
            ItemKind.CHOICE,
            self._translate(question.title),
            code=code,
            choices=(
                *self._build_options(question, repeats=repeats),
                *self._build_absences(exclusive=repeats),
            ),
            control=_choose_control(question, repeats=repeats),
            repeats=repeats,
            items=tuple(self._build_help(question)),
        )
        if details := tuple(self._build_details(question)):
            yield QuestionnaireItem(
                details_link_id(question),
                ItemKind.GROUP,
                self._translate(question.detail_title),
                items=details,
            )
        if question.own_words is not None:
            yield self._build_line(own_words_link_id(question), question.own_words)

    def _translate(self, message: str) -> TranslatedText:
        return self.join_texts([message])

    def _name_language(self, language: terminology.Language) -> TranslatedText:
        if language.has_endonym:
            return TranslatedText(language.endonym)
        return self._translate(language.name)

    def _build_options(self, question: Question, *, repeats: bool) -> Iterator[AnswerOption]:
        if question.kind is QuestionKind.LANGUAGE:
            for language in sorted(
                terminology.load_languages().values(),
                key=lambda language: (language.endonym.casefold(), language.id),
            ):
                coding = language_coding(self._questions, language)
                yield AnswerOption(coding, self._name_language(language))
        if question.kind is QuestionKind.TRIBES:
            yield from (
                AnswerOption(tribe_coding(tribe), TranslatedText(tribe.name))
                for tribe in terminology.load_tribes().values()
            )
        for option in question.options:
            standard = (
                INTERPRETER_CODINGS.get(option.id) if question.kind is QuestionKind.CHOICE else None
            )
            coding = standard or group_coding(self._questions, option.id, option.code, option.label)
            exclusive = repeats and _is_exclusive(question, option)
            yield AnswerOption(coding, self._translate(option.label), exclusive)

    def _build_absences(self, *, exclusive: bool) -> Iterator[AnswerOption]:
        for reason, message in ABSENCE_LABELS.items():
            yield AnswerOption(absent_reason_coding(reason), self._translate(message), exclusive)

    def _build_help(self, question: Question) -> Iterator[QuestionnaireItem]:
        if question.hint:
            yield QuestionnaireItem(
                f"{question.id}.hint",
                ItemKind.DISPLAY,
                self._translate(question.hint),
                control=ItemControl.HELP,
            )

    def _build_details(self, question: Question) -> Iterator[QuestionnaireItem]:
        for option in question.options if question.kind is QuestionKind.GROUPS else ():
            if parts := tuple(self._build_parts(question, option)):
                yield QuestionnaireItem(
                    group_link_id(question, option),
                    ItemKind.GROUP,
                    self._translate(option.label),
                    items=parts,
                )

    def _build_parts(self, question: Question, option: Option) -> Iterator[QuestionnaireItem]:
        link_id = group_link_id(question, option)
        group_chosen = (
            question.id,
            group_coding(self._questions, option.id, option.code, option.label),
        )
        boxes = [
            AnswerOption(
                group_coding(self._questions, detail.id, detail.code, detail.label),
                self._translate(detail.label),
            )
            for detail in option.details
        ]
        if boxes:
            yield QuestionnaireItem(
                f"{link_id}.boxes",
                ItemKind.CHOICE,
                self._translate(question.detail_title),
                choices=tuple(boxes),
                control=ItemControl.CHECK_BOX,
                repeats=True,
                enabled_by=group_chosen,
            )
        if search_options := _build_search_options(question, option):
            yield QuestionnaireItem(
                f"{link_id}.found",
                ItemKind.CHOICE,
                self._translate(SEARCH_LABEL),
                choices=search_options,
                control=ItemControl.AUTOCOMPLETE,
                repeats=True,
                enabled_by=group_chosen,
            )
        if option.write_in is not None:
            # A patient may write on the line without ticking its group, so it is always enabled.
            yield self._build_line(f"{link_id}.write-in", option.write_in)

    def _build_line(self, link_id: str, message: str) -> QuestionnaireItem:
        return QuestionnaireItem(
            link_id, ItemKind.TEXT, self._translate(message), max_length=MAX_WRITE_IN_LENGTH
        )


def _choose_control(question: Question, *, repeats: bool) -> ItemControl:
    if question.kind in (QuestionKind.LANGUAGE, QuestionKind.TRIBES):
        return ItemControl.AUTOCOMPLETE
    return ItemControl.CHECK_BOX if repeats else ItemControl.RADIO_BUTTON


def _takes_several(question: Question) -> bool:
    return question.kind is QuestionKind.GROUPS and not all(
        _is_exclusive(question, option) for option in question.options
    )


def _is_exclusive(question: Question, option: Option) -> bool:
    """Return whether the option excludes every other one."""
    return {other.id for other in question.options} == {option.id, *option.excludes}


def _build_search_options(question: Question, option: Option) -> tuple[AnswerOption, ...]:
    """Return the codes of a group that have no box."""
    if question.kind is not QuestionKind.GROUPS:
        return ()
    boxes = {option.id, *(detail.id for detail in option.details)}
    return tuple(
        AnswerOption(Coding(CDCREC, concept.code, concept.display), TranslatedText(concept.display))
        for concept in terminology.load_concepts().values()
        if concept.code not in boxes
        and terminology.find_group_option(question, concept.code) is option
    )
