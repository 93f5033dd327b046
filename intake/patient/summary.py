"""An answer in words, as the person said it, for the page on which they check it."""

from collections.abc import Iterator
from dataclasses import dataclass

from intake import terminology
from intake.answers import OWN_WORDS, Answer, AnswerState
from intake.patient import forms
from intake.questions import Option, Question, QuestionKind
from intake.terminology import Language


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of an answer: `message` is of our catalogs; `text` is of its own language and direction.

    `own` marks what the person wrote.
    """

    message: str = ""
    text: str = ""
    language: str = ""
    direction: str = "auto"
    own: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One group with what was said of it."""

    head: Words
    more: tuple[Words, ...] = ()


def answer_lines(question: Question, answer: Answer | None) -> tuple[Line, ...]:
    """Return the lines of an answer; none where there is none, or where it was declined or is not known."""
    if answer is None or answer.state is not AnswerState.ANSWERED:
        return ()
    if question.kind is QuestionKind.GROUPS:
        return tuple(_groups(question, answer))
    return tuple(
        _tribes(answer) if question.kind is QuestionKind.TRIBES else _single(question, answer)
    )


def _groups(question: Question, answer: Answer) -> Iterator[Line]:
    for option in question.options:
        if option.id in answer.choices:
            yield Line(Words(message=option.label), tuple(_details(question, option, answer)))
    yield from _own(answer)


def _details(question: Question, option: Option, answer: Answer) -> Iterator[Words]:
    yield from (
        Words(message=detail.label) for detail in option.details if detail.id in answer.choices
    )
    for code in forms.chosen_details(question, option.id, answer.choices):
        yield Words(text=terminology.load_concepts()[code].display, language="en", direction="ltr")
    if option.id in answer.write_ins:
        yield Words(text=answer.write_ins[option.id], own=True)


def _single(question: Question, answer: Answer) -> Iterator[Line]:
    for choice in answer.choices:
        option = question.find_option(choice)
        if option is not None:
            yield Line(Words(message=option.label))
        elif choice in terminology.load_languages():
            yield Line(_named(terminology.load_languages()[choice]))
    yield from _own(answer)


def _tribes(answer: Answer) -> Iterator[Line]:
    for choice in answer.choices:
        yield Line(
            Words(text=terminology.load_tribes()[choice].name, language="en", direction="ltr")
        )
    yield from _own(answer)


def _named(known: Language) -> Words:
    if not known.has_endonym:
        return Words(message=known.name)
    return Words(
        text=known.endonym, language=known.id if known.is_tag else "", direction=known.direction
    )


def _own(answer: Answer) -> Iterator[Line]:
    if OWN_WORDS in answer.write_ins:
        yield Line(Words(text=answer.write_ins[OWN_WORDS], own=True))
