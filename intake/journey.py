"""The patient's route through the pages: pure functions of the answers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from intake.answers import Answer, AnswerState, Informant, Submission
from intake.clock import age_in_years
from intake.questions import Condition, Question, QuestionKind, QuestionSet, Subject

ADULT_AGE = 18

Answers = Mapping[str, Answer]
"""Answers by the id of their question."""


class StepKind(StrEnum):
    """The kinds of pages between finding the visit and the thank-you, in route order."""

    WHY = "why"
    INFORMANT = "who"
    QUESTION = "question"
    DETAILS = "details"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class RouteStep:
    """One page of the route; only question and details pages have a `question_id`."""

    kind: StepKind
    question_id: str | None = None

    @property
    def key(self) -> str:
        """The step as one string, such as `details:race`; drafts store it."""
        return self.kind.value if self.question_id is None else f"{self.kind}:{self.question_id}"


WHY = RouteStep(StepKind.WHY)
INFORMANT = RouteStep(StepKind.INFORMANT)
CHECK = RouteStep(StepKind.CHECK)


def route(questions: QuestionSet, answers: Answers) -> tuple[RouteStep, ...]:
    """Return every step in order, with a details step after a group that has details."""
    # The route grows with the answers: a new choice can add a question or a details step.
    steps: list[RouteStep] = []
    for question in asked_questions(questions, answers):
        steps.append(RouteStep(StepKind.QUESTION, question.id))
        if groups_with_details(question, answers.get(question.id)):
            steps.append(RouteStep(StepKind.DETAILS, question.id))
    return (WHY, INFORMANT, *steps, CHECK)


def questions_for_informant(questions: QuestionSet, informant: Informant | None) -> QuestionSet:
    """Return the questions that this informant is asked.

    Questions about the informant are left out when the patient answers in person.
    """
    if informant is not None and not informant.is_patient:
        return questions
    return replace(
        questions,
        questions=tuple(
            question for question in questions.questions if question.about is Subject.PATIENT
        ),
    )


def asked_questions(questions: QuestionSet, answers: Answers) -> tuple[Question, ...]:
    """Return the questions whose condition these answers meet, and those without one."""
    return tuple(
        question
        for question in questions.questions
        if question.asked_with is None or _is_met(question.asked_with, answers)
    )


def _is_met(condition: Condition, answers: Answers) -> bool:
    answer = answers.get(condition.question)
    return answer is not None and condition.choice in answer.choices


def is_ruled_out(question: Question, answers: Answers) -> bool:
    """Return whether the answer to an earlier question leaves no place for this one."""
    condition = question.asked_with
    return (
        condition is not None
        and condition.question in answers
        and question.id not in answers
        and not _is_met(condition, answers)
    )


def answers_to_send(questions: QuestionSet, answers: Answers) -> Answers:
    """Return the answers to questions that are still asked.

    A draft keeps the answer to a question whose condition is no longer met, so that the patient
    finds it again after a second change. It is not sent.
    """
    question_ids = {question.id for question in asked_questions(questions, answers)}
    return {key: answer for key, answer in answers.items() if key in question_ids}


def groups_with_details(question: Question, answer: Answer | None) -> tuple[str, ...]:
    """Return the ids of the chosen groups that have details or a write-in, in order."""
    if question.kind is not QuestionKind.GROUPS or answer is None:
        return ()
    if answer.state is not AnswerState.ANSWERED:
        return ()
    return tuple(
        option.id
        for option in question.options
        if option.id in answer.choices and (option.details or option.write_in is not None)
    )


def first_open_step(questions: QuestionSet, answers: Answers, seen: Collection[str]) -> RouteStep:
    """Return the first step not yet left with Continue; the check step if all were."""
    return next((step for step in route(questions, answers) if step.key not in seen), CHECK)


def is_reachable(
    questions: QuestionSet, answers: Answers, seen: Collection[str], step: RouteStep
) -> bool:
    """Return whether the step is on the route and every step before it was seen."""
    steps = route(questions, answers)
    return step in steps and all(earlier.key in seen for earlier in steps[: steps.index(step)])


def next_step(
    questions: QuestionSet,
    answers: Answers,
    seen: Collection[str],
    step: RouteStep,
    *,
    changing: bool = False,
) -> RouteStep:
    """Return where Continue leads: to the next step, or back to the check step.

    A change that began on the check page (`changing`) visits only the steps that it adds.
    """
    # All steps seen: the patient is on the way back to the check page.
    first = first_open_step(questions, answers, seen)
    if changing or first == CHECK:
        return first
    steps = route(questions, answers)
    return steps[steps.index(step) + 1]


def previous_step(
    questions: QuestionSet, answers: Answers, seen: Collection[str], step: RouteStep
) -> RouteStep | None:
    """Return where Back leads; None from the first step.

    Back from a change that began on the check page leads to the check page.
    """
    # Back from a details page still leads to its question: the patient may change the groups, too.
    can_change = step.kind in (StepKind.QUESTION, StepKind.INFORMANT)
    if can_change and first_open_step(questions, answers, seen) == CHECK:
        return CHECK
    steps = route(questions, answers)
    position = steps.index(step)
    return steps[position - 1] if position else None


def seen_after_leaving(
    questions: QuestionSet,
    previous_answers: Answers,
    answers: Answers,
    seen: Collection[str],
    step: RouteStep,
) -> tuple[str, ...]:
    """Return the keys of the seen steps once the patient leaves `step` with `answers`.

    If a newly chosen group has details, the details step counts as not yet seen.
    """
    reopened = {step.key}
    if step.kind is StepKind.QUESTION and step.question_id:
        question = questions.find_question(step.question_id)
        if question is not None:
            groups = groups_with_details(question, answers.get(question.id))
            previous = groups_with_details(question, previous_answers.get(question.id))
            if set(groups) - set(previous):
                reopened.add(RouteStep(StepKind.DETAILS, question.id).key)
    return (*(key for key in seen if key not in reopened), step.key)


def question_progress(
    questions: QuestionSet, answers: Answers, step: RouteStep
) -> tuple[int, int] | None:
    """Return the number of the step's question and how many questions there are.

    The page about the informant counts as the first question.
    """
    if step.kind in (StepKind.WHY, StepKind.CHECK):
        return None
    # Details belong to their question, so they do not count.
    numbered = [None, *(question.id for question in asked_questions(questions, answers))]
    return numbered.index(step.question_id) + 1, len(numbered)


def reask_at(
    submission: Submission, questions: QuestionSet, intervals: Mapping[AnswerState, timedelta]
) -> datetime | None:
    """Return when the patient is asked again; None means at the next visit.

    The shortest re-ask interval of the answers counts. A skipped question, or a state without an
    interval such as unknown, is asked at the next visit.
    """
    answers = [
        submission.answers.get(question.id)
        for question in asked_questions(questions, submission.answers)
        if question.about is Subject.PATIENT
    ]
    lengths = [intervals.get(answer.state) if answer else None for answer in answers]
    # An answer without an interval makes the whole set due at the next visit.
    finite = [length for length in lengths if length is not None]
    if not finite or len(finite) < len(lengths):
        return None
    return submission.answered_at + min(finite)


def is_asked_first(birth_date: date | None, today: date, from_age: int) -> bool:
    """Return whether a patient is a young person, to be asked before a parent.

    `from_age` is the site's lower limit in years. A patient without a known birth date is none.
    """
    return birth_date is not None and from_age <= age_in_years(birth_date, today) < ADULT_AGE
