"""An answer as lines of text for the check page."""

from collections.abc import Iterator
from dataclasses import dataclass

from intake import terminology
from intake.answers import OWN_WORDS, Answer, AnswerState
from intake.pages import answer_forms
from intake.questions import Option, Question, QuestionKind
from intake.terminology import Language


@dataclass(frozen=True, slots=True)
class AnswerText:
    """A piece of an answer: a `message` of our catalogs, or another `text`.

    `own` marks the patient's own words.
    """

    message: str = ""
    text: str = ""
    language: str = ""
    direction: str = "auto"
    own: bool = False


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """A group or another choice (`head`), with its details (`more`)."""

    head: AnswerText
    more: tuple[AnswerText, ...] = ()


def answer_lines(question: Question, answer: Answer | None) -> tuple[AnswerLine, ...]:
    """Return the lines of an answer; none unless its state is answered."""
    if answer is None or answer.state is not AnswerState.ANSWERED:
        return ()
    if question.kind is QuestionKind.GROUPS:
        lines = _group_lines(question, answer)
    elif question.kind is QuestionKind.TRIBES:
        lines = _tribe_lines(answer)
    else:
        lines = _choice_lines(question, answer)
    return (*lines, *_own_words_lines(answer))


def _group_lines(question: Question, answer: Answer) -> Iterator[AnswerLine]:
    for option in question.options:
        if option.id in answer.choices:
            details = tuple(_detail_texts(question, option, answer))
            yield AnswerLine(AnswerText(message=option.label), details)


def _detail_texts(question: Question, option: Option, answer: Answer) -> Iterator[AnswerText]:
    for detail in option.details:
        if detail.id in answer.choices:
            yield AnswerText(message=detail.label)
    # CDCREC has English names only, so they are marked as English for screen readers.
    for code in answer_forms.chosen_details(question, option.id, answer.choices):
        display = terminology.load_concepts()[code].display
        yield AnswerText(text=display, language="en", direction="ltr")
    # Own words are quoted as they were typed; their language is unknown.
    if option.id in answer.write_ins:
        yield AnswerText(text=answer.write_ins[option.id], own=True)


def _choice_lines(question: Question, answer: Answer) -> Iterator[AnswerLine]:
    languages = terminology.load_languages()
    for choice in answer.choices:
        option = question.find_option(choice)
        if option is not None:
            yield AnswerLine(AnswerText(message=option.label))
        elif choice in languages:
            yield AnswerLine(_language_text(languages[choice]))


def _tribe_lines(answer: Answer) -> Iterator[AnswerLine]:
    for choice in answer.choices:
        name = terminology.load_tribes()[choice].name
        yield AnswerLine(AnswerText(text=name, language="en", direction="ltr"))


def _language_text(language: Language) -> AnswerText:
    # The language reads best in its own name, which any page can show.
    if not language.has_endonym:
        return AnswerText(message=language.name)
    return AnswerText(
        text=language.endonym,
        language=language.id if language.is_tag else "",
        direction=language.direction,
    )


def _own_words_lines(answer: Answer) -> Iterator[AnswerLine]:
    if OWN_WORDS in answer.write_ins:
        yield AnswerLine(AnswerText(text=answer.write_ins[OWN_WORDS], own=True))
