"""The codes of the boxes on a paper sheet; the desk's entry form shows the same codes."""

from collections.abc import Collection, Iterator, Mapping
from string import ascii_uppercase

from intake.answers import OWN_WORDS, WRITE_IN, AnswerState
from intake.questions import Question, QuestionKind, QuestionSet, Subject

STATES = (AnswerState.UNKNOWN, AnswerState.DECLINED)
"""The states that have a box of their own, in the order of the sheet."""


def sheet_name(questions: QuestionSet, tag: str) -> str:
    """Return the name printed on a sheet, such as `spd15-2024 1.1.0 es`."""
    return f"{questions.id} {questions.version} {tag}"


def box_codes(
    questions: QuestionSet, languages: Mapping[str, Collection[str]]
) -> Mapping[str, Mapping[str, str]]:
    """Return the code of every box and line, such as `A3`, by question id and key.

    `languages` are the ids of the languages that a language question lists, by question id. A key
    is an option's or a detail's id, a language's id, `OWN_WORDS`, `write-in-` and an option's id,
    `unknown` or `declined`. The letter stands for the question, and the number for the box.
    """
    asked = [question for question in questions.questions if question.about is Subject.PATIENT]
    others = [question for question in questions.questions if question.about is Subject.INFORMANT]
    return {
        question.id: {
            key: f"{letter}{number}"
            for number, key in enumerate(_box_keys(question, languages.get(question.id, ())), 1)
        }
        for letter, question in zip(ascii_uppercase, [*asked, *others], strict=False)
    }


def _box_keys(question: Question, languages: Collection[str]) -> Iterator[str]:
    for option in question.options:
        yield option.id
        yield from (detail.id for detail in option.details)
        if option.write_in is not None:
            yield f"{WRITE_IN}{option.id}"
    yield from languages
    if question.own_words is not None or question.kind is QuestionKind.TRIBES:
        yield OWN_WORDS
    yield from STATES
