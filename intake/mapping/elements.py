"""The elements that a submission covers, question by question."""

from collections.abc import Collection, Iterable

from fhir_client.model import Element
from intake.answers import AnswerState, Submission
from intake.journey import is_ruled_out
from intake.questions import QuestionSet
from intake.settings import Settings


def covered_elements(submission: Submission, questions: QuestionSet | None) -> frozenset[str]:
    """Return the elements of all questions that were answered, declined or not known.

    Returns no element if the question set or one of the questions is unknown. A combined question
    covers all its elements: a patient who now ticks only Hispanic takes back the races that they
    ticked before.
    """
    questions_by_name = {
        name: None if questions is None else questions.find_question(name)
        for name in submission.answers
    }
    known_questions = [question for question in questions_by_name.values() if question is not None]
    # The worker holds a submission with an unknown question. Until then it covers nothing, so that
    # it supersedes and corrects nothing by half.
    if len(known_questions) < len(questions_by_name):
        return frozenset()
    return frozenset(
        element.value for question in known_questions for element in question.recorded_elements
    )


def stated_elements(submission: Submission, settings: Settings) -> frozenset[str]:
    """Return the covered elements, and those of questions that the answers rule out.

    If a patient corrects the answer that led to the question about tribes, the correction takes
    the tribes back, although the question is not asked again. This also holds where the correction
    was given to another of the site's question sets.
    """
    question_sets = settings.question_sets
    covered = covered_elements(submission, question_sets.get(submission.question_set))
    if not covered:
        return covered
    return covered.union(
        element.value
        for questions in question_sets.values()
        for question in questions.questions
        if is_ruled_out(question, submission.answers)
        for element in question.recorded_elements
    )


def untouched_elements(
    submission: Submission, questions: QuestionSet | None, valued: Collection[Element]
) -> frozenset[Element]:
    """Return the elements that an answered combined question left open.

    A patient who ticks only Hispanic leaves race open; who ticks only races leaves ethnicity open.
    """
    answered = {
        name for name, answer in submission.answers.items() if answer.state is AnswerState.ANSWERED
    }
    return frozenset(
        element
        for question in (() if questions is None else questions.questions)
        if question.id in answered and len(question.recorded_elements) > 1
        for element in question.recorded_elements
        if element not in valued
    )


def all_covered_elements(submissions: Iterable[Submission], settings: Settings) -> frozenset[str]:
    """Return the elements that any of the submissions covers."""
    return frozenset[str]().union(
        *(
            covered_elements(submission, settings.question_sets.get(submission.question_set))
            for submission in submissions
        )
    )
