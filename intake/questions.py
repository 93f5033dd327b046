"""Question sets as data: questions, options, and each option's FHIR element."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fhir_client.model import Element


class QuestionKind(StrEnum):
    """How a question is asked."""

    GROUPS = "groups"
    """Select all that apply; details of the chosen groups follow on the next page."""
    LANGUAGE = "language"
    """One language: from the site's short list, from a search, or in the patient's own words."""
    CHOICE = "choice"
    """Exactly one of the options."""
    TRIBES = "tribes"
    """One or more tribes, nations or villages: from a search, or in the patient's own words."""


class Subject(StrEnum):
    """The person that a question is about."""

    PATIENT = "patient"
    INFORMANT = "informant"
    """The guardian or caregiver; the answer is never written to the chart."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A standard box under a group.

    `id` is the CDCREC code, or a word of ours where CDCREC has no code (`code` is then None).
    """

    id: str
    label: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a question.

    `id` is the CDCREC code of a group, or a word such as `yes`. `element` is the FHIR element of
    the option. `write_in` is the example text of the option's write-in line; None means that it
    has no write-in. `excludes` are the ids of options that contradict this one.
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
    """One question.

    `title` addresses the person that the question is `about`; `proxy_title` addresses a guardian
    or caregiver. `label` is the short name on the check page. Our pages ask a question with
    `asked_with` only after that choice. An answer from elsewhere, such as from paper, counts
    without it.
    """

    id: str
    kind: QuestionKind
    elements: tuple[Element, ...]
    label: str
    title: str
    proxy_title: str = ""
    hint: str = ""
    # None: no line for own words; otherwise its label.
    own_words: str | None = None
    options: tuple[Option, ...] = ()
    detail_title: str = ""
    proxy_detail_title: str = ""
    asked_with: Condition | None = None
    about: Subject = Subject.PATIENT

    @property
    def recorded_elements(self) -> tuple[Element, ...]:
        """The elements of the patient's record that an answer can change."""
        # An informant's own language must never become the patient's language.
        return self.elements if self.about is Subject.PATIENT else ()

    def find_option(self, option_id: str) -> Option | None:
        """Return the option with that id, or None."""
        return next((option for option in self.options if option.id == option_id), None)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """A versioned questionnaire; `url` is its canonical without the version."""

    id: str
    version: str
    url: str
    questions: tuple[Question, ...]

    def find_question(self, question_id: str) -> Question | None:
        """Return the question with that id, or None."""
        return next((question for question in self.questions if question.id == question_id), None)


@dataclass(frozen=True, slots=True)
class QuestionText:
    """A text that patients read, and its location in words that help a translator."""

    message: str
    location: str


# The fields that hold texts for patients; every other field is an id, a code or a rule.
_QUESTION_FIELDS = (
    "label",
    "title",
    "proxy_title",
    "hint",
    "own_words",
    "detail_title",
    "proxy_detail_title",
)
_OPTION_FIELDS = ("label", "hint", "write_in")


def question_texts(questions: QuestionSet) -> Iterator[QuestionText]:
    """Yield every text of the question set that patients read."""
    for question in questions.questions:
        yield from _field_texts(question, _QUESTION_FIELDS, f"question {question.id}")
        for option in question.options:
            location = f"option “{option.label}” of question {question.id}"
            yield from _field_texts(option, _OPTION_FIELDS, location)
            for detail in option.details:
                yield QuestionText(detail.label, f"a box under “{option.label}”")


def _field_texts(
    part: Question | Option, fields: tuple[str, ...], location: str
) -> Iterator[QuestionText]:
    for field in fields:
        if message := getattr(part, field):
            yield QuestionText(message, f"{field.replace('_', ' ')} of {location}")
