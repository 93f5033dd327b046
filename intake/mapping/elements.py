"""Which elements a submission speaks of, question by question."""

from collections.abc import Iterable

from intake.answers import Submission
from intake.questions import QuestionSet
from intake.settings import Settings


def covered_elements(submission: Submission, questions: QuestionSet | None) -> frozenset[str]:
    """Return every element of every question that was answered, declined or not known; none where a question is unknown.

    A combined question speaks of all its elements: who now ticks Hispanic alone takes the races back that they ticked before.
    """
    asked = [
        None if questions is None else questions.find_question(name) for name in submission.answers
    ]
    known = [each for each in asked if each is not None]
    return frozenset(
        element.value
        for question in known
        for element in question.recorded_elements
        if len(known) == len(asked)
    )


def all_covered_elements(said: Iterable[Submission], settings: Settings) -> frozenset[str]:
    """Return the elements of several submissions, each by the question set that it answers."""
    return frozenset[str]().union(
        *(covered_elements(each, settings.question_sets.get(each.question_set)) for each in said)
    )
