"""Which elements a submission speaks of, question by question."""

from intake.answers import Submission
from intake.questions import QuestionSet


def elements_of(submission: Submission, questions: QuestionSet | None) -> frozenset[str]:
    """Return every element of every question that was answered, declined or not known; none where a question is unknown.

    A combined question speaks of all its elements: who now ticks Hispanic alone takes the races back that they ticked before.
    """
    asked = [None if questions is None else questions.question(name) for name in submission.answers]
    known = [each for each in asked if each is not None]
    return frozenset(element.value for question in known for element in question.recorded if len(known) == len(asked))
