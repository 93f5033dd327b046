"""Which elements a submission speaks of, question by question, and a statement without those that others have taken."""

from dataclasses import replace

from fhir_client.uscore.statement import Statement
from intake.answers import Submission
from intake.questions import Element, QuestionSet

_FIELDS = {
    Element.RACE: "race",
    Element.ETHNICITY: "ethnicity",
    Element.SPOKEN_LANGUAGE: "spoken",
    Element.WRITTEN_LANGUAGE: "written",
    Element.INTERPRETER: "interpreter",
}


def elements_of(submission: Submission, questions: QuestionSet | None) -> frozenset[str]:
    """Return every element of every question that was answered, declined or not known; none where a question is unknown.

    A combined question speaks of all its elements: who now ticks Hispanic alone takes the races back that they ticked before.
    """
    asked = [None if questions is None else questions.question(name) for name in submission.answers]
    known = [each for each in asked if each is not None]
    return frozenset(element.value for question in known for element in question.elements if len(known) == len(asked))


def without(statement: Statement, taken: frozenset[str]) -> Statement:
    """Return the statement without the elements that a later submission has answered; the questionnaire keeps them."""
    found = statement
    for element, name in _FIELDS.items():
        if element.value in taken:
            found = replace(found, **{name: None})  # type: ignore[arg-type]  # Each of these fields may be None.
    return found
