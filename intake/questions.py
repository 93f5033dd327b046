"""Question sets as data: what is asked, with which options, and which FHIR element each option speaks of."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fhir_client.model import Element


class QuestionKind(StrEnum):
    """How a question is asked."""

    GROUPS = "groups"
    """Tick all that apply, details of what was ticked on the next page, and write-ins."""
    LANGUAGE = "language"
    """One language from the site's short list, from a search over all of them, or in the person's own words."""
    CHOICE = "choice"
    """Exactly one of the options."""
    TRIBES = "tribes"
    """One tribe, nation or village or more, from a search over all of them or in the person's own words."""


class Subject(StrEnum):
    """Whom a question is about."""

    PATIENT = "patient"
    INFORMANT = "informant"
    """Whoever answers for the patient, and is asked this beside it; it is never written to the patient's chart."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A standard box under a group. `id` is its CDCREC code, or a word of ours where the code system has none (`code` None)."""

    id: str
    label: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a question.

    `id` is the CDCREC code of a group, or a word such as `yes`. `element` is the FHIR element that the option speaks of.
    `write_in` is the example text of the option's own write-in line, None where it has none; `excludes` are the ids of
    options that contradict this one.
    """

    id: str
    label: str
    element: Element
    code: str | None = None
    hint: str = ""
    details: tuple[Detail, ...] = ()
    write_in: str | None = None
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """A choice, by its id, of an earlier question."""

    question: str
    choice: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `title` speaks to the person whom it is `about`, `proxy_title` to someone who answers for them.

    `label` names the question in a few words where answers are checked. Our pages ask it of those alone who made the choice
    `asked_with`, where there is one; an answer that comes in another way, such as from paper, counts without it.
    """

    id: str
    kind: QuestionKind
    elements: tuple[Element, ...]
    label: str
    title: str
    proxy_title: str = ""
    hint: str = ""
    own_words: str | None = None
    options: tuple[Option, ...] = ()
    detail_title: str = ""
    proxy_detail_title: str = ""
    asked_with: Condition | None = None
    about: Subject = Subject.PATIENT

    @property
    def recorded_elements(self) -> tuple[Element, ...]:
        """The elements of the patient's record that an answer speaks of."""
        return self.elements if self.about is Subject.PATIENT else ()

    def find_option(self, option_id: str) -> Option | None:
        """Return the option of that id, or None."""
        return next((option for option in self.options if option.id == option_id), None)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """A versioned questionnaire; `url` is its canonical without the version."""

    id: str
    version: str
    url: str
    questions: tuple[Question, ...]

    def find_question(self, question_id: str) -> Question | None:
        """Return the question of that id, or None."""
        return next((question for question in self.questions if question.id == question_id), None)


@dataclass(frozen=True, slots=True)
class QuestionText:
    """A text that patients read, and where in the set it stands, in words that help whoever translates it."""

    message: str
    location: str


def question_texts(questions: QuestionSet) -> Iterator[QuestionText]:
    """Yield every text of the set that patients read."""
    for question in questions.questions:
        yield from _texts(question, _QUESTION_TEXTS, f"question {question.id}")
        for option in question.options:
            yield from _texts(
                option, _OPTION_TEXTS, f"option “{option.label}” of question {question.id}"
            )
            for detail in option.details:
                yield QuestionText(detail.label, f"a box under “{option.label}”")


_QUESTION_TEXTS = (
    "label",
    "title",
    "proxy_title",
    "hint",
    "own_words",
    "detail_title",
    "proxy_detail_title",
)
_OPTION_TEXTS = ("label", "hint", "write_in")


def _texts(part: Question | Option, names: tuple[str, ...], place: str) -> Iterator[QuestionText]:
    for name in names:
        if words := getattr(part, name):
            yield QuestionText(words, f"{name.replace('_', ' ')} of {place}")
