"""The question sets as FHIR Questionnaires in every offered language.

`items.py` makes the responses that fit them. A Questionnaire leaves out two things that our pages
show, because FHIR has no place for them: the wording for an informant, and the examples below a
group's box.

The informant's own questions are hidden, because no item names the informant. Our responses have
these items, and no other renderer asks them of the patient. A language has its own name, as on
the tablet, and its English name, by which staff search a renderer's list. Neither needs a
translation. All language questions share one set of options.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from fhir_client.uscore.datatypes import absent_reason_coding
from fhir_client.uscore.elements import OBSERVATION_CODES
from fhir_client.uscore.questionnaire import (
    AnswerOption,
    ItemControl,
    ItemType,
    OptionSet,
    Questionnaire,
    QuestionnaireItem,
    TranslatedText,
)
from fhir_client.uscore.statement import CDCREC, AbsentReason, Coding
from intake import terminology
from intake.answers import MAX_WRITE_IN_LENGTH
from intake.i18n import SOURCE, load_translator
from intake.mapping.items import (
    INTERPRETER_CODINGS,
    LINES_LABEL,
    SEARCH_LABEL,
    details_link_id,
    group_coding,
    group_link_id,
    language_coding,
    lines_link_id,
    own_words_link_id,
    tribe_coding,
)
from intake.questions import Option, Question, QuestionKind, QuestionSet, Subject, question_texts

ABSENT_LABELS = {
    AbsentReason.ASKED_DECLINED: "I’d rather not say",
    AbsentReason.ASKED_UNKNOWN: "I don’t know",
}
"""The options for declined and unknown, in the words of the patient's pages."""


def build_form(questions: QuestionSet, tags: Sequence[str]) -> Questionnaire:
    """Return the question set as a form in English, translated into `tags`."""
    builder = _ItemBuilder(questions, tuple(tag for tag in tags if tag != SOURCE))
    return Questionnaire(
        id=questions.id,
        url=questions.url,
        version=questions.version,
        language=SOURCE,
        title=builder.translate_joined([question.label for question in questions.questions]),
        items=(
            _notice_item(),
            *(
                item
                for question in questions.questions
                for item in _hide_informant_items(question, builder.build_items(question))
            ),
        ),
    )


def form_messages(questions: QuestionSet) -> frozenset[str]:
    """Return every text of the form that needs a translation."""
    texts = (text.message for text in question_texts(questions))
    return frozenset((*ABSENT_LABELS.values(), SEARCH_LABEL, *texts))


def _notice_item() -> QuestionnaireItem:
    # The program that asks fills in which privacy notice it showed. Patients never see this item,
    # so its text is in English only.
    return QuestionnaireItem("notice", ItemType.STRING, TranslatedText("Notice shown"), hidden=True)


def _lines_item(question: Question, lines: tuple[AnswerOption, ...]) -> QuestionnaireItem:
    # Patients never see this item either.
    return QuestionnaireItem(
        lines_link_id(question),
        ItemType.CHOICE,
        TranslatedText(LINES_LABEL),
        choices=lines,
        repeats=True,
        hidden=True,
    )


def _hide_informant_items(
    question: Question, items: Iterable[QuestionnaireItem]
) -> Iterator[QuestionnaireItem]:
    for item in items:
        yield item if question.about is Subject.PATIENT else replace(item, hidden=True)


class _ItemBuilder:
    """Builds the items of one question set, each text with its translations."""

    def __init__(self, questions: QuestionSet, tags: tuple[str, ...]) -> None:
        self._questions, self._tags = questions, tags
        self._languages = OptionSet(
            "languages", terminology.languages_date(), tuple(self._build_language_options())
        )

    def translate_joined(self, messages: list[str]) -> TranslatedText:
        """Return several short texts as one."""
        translations = {
            tag: " · ".join(load_translator(tag).plain(message) for message in messages)
            for tag in self._tags
        }
        return TranslatedText(" · ".join(messages), translations)

    def build_items(self, question: Question) -> Iterator[QuestionnaireItem]:
        """Yield the question's items."""
        # An item with one element carries that element's LOINC code. A combined question has none.
        elements = question.recorded_elements
        code = OBSERVATION_CODES.get(elements[0]) if len(elements) == 1 else None
        repeats = question.kind is QuestionKind.TRIBES or _takes_several(question)
        is_language = question.kind is QuestionKind.LANGUAGE
        yield QuestionnaireItem(
            question.id,
            ItemType.CHOICE,
            self._translate(question.title),
            code=code,
            choices=() if is_language else tuple(self._build_options(question, repeats=repeats)),
            option_set=self._languages if is_language else None,
            control=_choose_control(question, repeats=repeats),
            repeats=repeats,
            items=tuple(self._build_hint(question)),
        )
        if lines := tuple(self._build_line_options(question)):
            yield _lines_item(question, lines)
        if details := tuple(self._build_details(question)):
            yield QuestionnaireItem(
                details_link_id(question),
                ItemType.GROUP,
                self._translate(question.detail_title),
                items=details,
            )
        if question.own_words is not None:
            yield self._build_line(own_words_link_id(question), question.own_words)

    def _translate(self, message: str) -> TranslatedText:
        return self.translate_joined([message])

    def _language_label(self, language: terminology.Language) -> TranslatedText:
        if not language.has_endonym:
            return self._translate(language.name)
        if language.endonym == language.name:
            return TranslatedText(language.name)
        return TranslatedText(f"{language.endonym} ({language.name})")

    def _build_options(self, question: Question, *, repeats: bool) -> Iterator[AnswerOption]:
        if question.kind is QuestionKind.TRIBES:
            for tribe in terminology.load_tribes().values():
                yield AnswerOption(tribe_coding(tribe), TranslatedText(tribe.name))
        for option in question.options:
            coding = None
            if question.kind is QuestionKind.CHOICE:
                coding = INTERPRETER_CODINGS.get(option.id)
            yield AnswerOption(
                coding or self._option_coding(option),
                self._translate(option.label),
                repeats and _is_exclusive(question, option),
            )
        yield from self._build_absent_options(exclusive=repeats)

    def _build_language_options(self) -> Iterator[AnswerOption]:
        languages = sorted(
            terminology.load_languages().values(),
            key=lambda language: (language.endonym.casefold(), language.id),
        )
        for language in languages:
            yield AnswerOption(
                language_coding(self._questions, language), self._language_label(language)
            )
        yield from self._build_absent_options(exclusive=False)

    def _build_line_options(self, question: Question) -> Iterator[AnswerOption]:
        for option in question.options:
            if option.write_in is not None:
                yield AnswerOption(self._option_coding(option), TranslatedText(option.label))

    def _option_coding(self, option: Option) -> Coding:
        return group_coding(self._questions, option.id, option.code, option.label)

    def _build_absent_options(self, *, exclusive: bool) -> Iterator[AnswerOption]:
        for reason, message in ABSENT_LABELS.items():
            yield AnswerOption(absent_reason_coding(reason), self._translate(message), exclusive)

    def _build_hint(self, question: Question) -> Iterator[QuestionnaireItem]:
        if question.hint:
            yield QuestionnaireItem(
                f"{question.id}.hint",
                ItemType.DISPLAY,
                self._translate(question.hint),
                control=ItemControl.HELP,
            )

    def _build_details(self, question: Question) -> Iterator[QuestionnaireItem]:
        for option in question.options if question.kind is QuestionKind.GROUPS else ():
            if parts := tuple(self._build_group_parts(question, option)):
                yield QuestionnaireItem(
                    group_link_id(question, option),
                    ItemType.GROUP,
                    self._translate(option.label),
                    # A heading without anything below it would puzzle the patient.
                    enabled_by=self._group_conditions(question, option),
                    items=parts,
                )

    def _group_conditions(
        self, question: Question, option: Option
    ) -> tuple[tuple[str, Coding], ...]:
        """Return what enables a group's details: its tick, or words without one.

        A response names the groups with words and without a tick in the hidden item of lines.
        """
        coding = self._option_coding(option)
        lines = ((lines_link_id(question), coding),) if option.write_in is not None else ()
        return ((question.id, coding), *lines)

    def _build_group_parts(self, question: Question, option: Option) -> Iterator[QuestionnaireItem]:
        link_id = group_link_id(question, option)
        enabled_by = ((question.id, self._option_coding(option)),)
        if option.details:
            yield QuestionnaireItem(
                f"{link_id}.boxes",
                ItemType.CHOICE,
                self._translate(question.detail_title),
                choices=tuple(
                    AnswerOption(
                        group_coding(self._questions, detail.id, detail.code, detail.label),
                        self._translate(detail.label),
                    )
                    for detail in option.details
                ),
                control=ItemControl.CHECK_BOX,
                repeats=True,
                enabled_by=enabled_by,
            )
        if searchable := _searchable_options(question, option):
            yield QuestionnaireItem(
                f"{link_id}.found",
                ItemType.CHOICE,
                self._translate(SEARCH_LABEL),
                choices=searchable,
                control=ItemControl.DROP_DOWN,
                repeats=True,
                enabled_by=enabled_by,
            )
        if option.write_in is not None:
            line = self._build_line(f"{link_id}.write-in", option.write_in)
            yield replace(line, enabled_by=self._group_conditions(question, option))

    def _build_line(self, link_id: str, message: str) -> QuestionnaireItem:
        return QuestionnaireItem(
            link_id, ItemType.TEXT, self._translate(message), max_length=MAX_WRITE_IN_LENGTH
        )


def _choose_control(question: Question, *, repeats: bool) -> ItemControl:
    if question.kind in (QuestionKind.LANGUAGE, QuestionKind.TRIBES):
        return ItemControl.DROP_DOWN
    return ItemControl.CHECK_BOX if repeats else ItemControl.RADIO_BUTTON


def _takes_several(question: Question) -> bool:
    return question.kind is QuestionKind.GROUPS and not all(
        _is_exclusive(question, option) for option in question.options
    )


def _is_exclusive(question: Question, option: Option) -> bool:
    """Return whether the option excludes every other option of the question."""
    return {other.id for other in question.options} == {option.id, *option.excludes}


def _searchable_options(question: Question, option: Option) -> tuple[AnswerOption, ...]:
    """Return the codes of a group that have no box of their own."""
    if question.kind is not QuestionKind.GROUPS:
        return ()
    boxes = {option.id, *(detail.id for detail in option.details)}
    # CDCREC has English names only, so these options need no translation.
    return tuple(
        AnswerOption(Coding(CDCREC, concept.code, concept.display), TranslatedText(concept.display))
        for concept in terminology.load_concepts().values()
        if concept.code not in boxes
        and terminology.find_group_option(question, concept.code, (option.id,)) is option
    )
