"""The way through the pages as pure functions: questions and what was said so far in, the next place out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from intake.answers import Answer, AnswerState, Informant, Submission
from intake.questions import Condition, Question, QuestionKind, QuestionSet, Subject

Answers = Mapping[str, Answer]


class StepKind(StrEnum):
    """The kinds of pages between finding the visit and the thank-you, in their order."""

    WHY = "why"
    INFORMANT = "who"
    QUESTION = "question"
    DETAILS = "details"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class RouteStep:
    """One page of the way; `question` is the id of the question that it asks or asks the details of."""

    kind: StepKind
    question_id: str | None = None

    @property
    def key(self) -> str:
        """The place in one word, as a draft remembers it."""
        return (
            self.kind.value if self.question_id is None else f"{self.kind.value}:{self.question_id}"
        )


WHY, INFORMANT, CHECK = (
    RouteStep(StepKind.WHY),
    RouteStep(StepKind.INFORMANT),
    RouteStep(StepKind.CHECK),
)


def route(questions: QuestionSet, answers: Answers) -> tuple[RouteStep, ...]:
    """Return every place in order; details are on the way where a chosen group has any."""
    asked: list[RouteStep] = []
    for question in asked_questions(questions, answers):
        asked.append(RouteStep(StepKind.QUESTION, question.id))
        if groups_with_details(question, answers.get(question.id)):
            asked.append(RouteStep(StepKind.DETAILS, question.id))
    return (WHY, INFORMANT, *asked, CHECK)


def questions_for_informant(questions: QuestionSet, informant: Informant | None) -> QuestionSet:
    """Return the set as it is put to who answers: about themselves they are asked only where they answer for the patient."""
    if informant is not None and not informant.is_patient:
        return questions
    return replace(
        questions,
        questions=tuple(each for each in questions.questions if each.about is Subject.PATIENT),
    )


def asked_questions(questions: QuestionSet, answers: Answers) -> tuple[Question, ...]:
    """Return the questions that are asked of who gave these answers: one with a condition only where it is met."""
    return tuple(
        each
        for each in questions.questions
        if each.asked_with is None or _made(each.asked_with, answers)
    )


def _made(wanted: Condition, answers: Answers) -> bool:
    answer = answers.get(wanted.question)
    return answer is not None and wanted.choice in answer.choices


def answers_to_send(questions: QuestionSet, answers: Answers) -> Answers:
    """Return the answers to what is asked: one whose condition is met no longer, after a change, is not sent."""
    asked = {each.id for each in asked_questions(questions, answers)}
    return {key: each for key, each in answers.items() if key in asked}


def groups_with_details(question: Question, answer: Answer | None) -> tuple[str, ...]:
    """Return the ids of the chosen groups that have details or a write-in, in the question's order."""
    if (
        question.kind is not QuestionKind.GROUPS
        or answer is None
        or answer.state is not AnswerState.ANSWERED
    ):
        return ()
    return tuple(
        option.id
        for option in question.options
        if option.id in answer.choices and (option.details or option.write_in is not None)
    )


def first_open_step(questions: QuestionSet, answers: Answers, seen: Collection[str]) -> RouteStep:
    """Return the first place that was not left with Continue yet; the check page once there is none before it."""
    return next((place for place in route(questions, answers) if place.key not in seen), CHECK)


def is_reachable(
    questions: QuestionSet, answers: Answers, seen: Collection[str], place: RouteStep
) -> bool:
    """Return whether a person may open the place now: it is on their way, and nothing before it was jumped over."""
    places = route(questions, answers)
    return place in places and all(each.key in seen for each in places[: places.index(place)])


def next_step(
    questions: QuestionSet,
    answers: Answers,
    seen: Collection[str],
    place: RouteStep,
    *,
    changing: bool = False,
) -> RouteStep:
    """Return where Continue leads: to the next place, or back to the check page once all before it was seen.

    A change begun on the check page leads on to what is asked because of it alone.
    """
    first = first_open_step(questions, answers, seen)
    if changing or first == CHECK:
        return first
    places = route(questions, answers)
    return places[places.index(place) + 1]


def previous_step(
    questions: QuestionSet, answers: Answers, seen: Collection[str], place: RouteStep
) -> RouteStep | None:
    """Return where Back leads; None from the first place. A change begun on the check page goes back to it."""
    places = route(questions, answers)
    changing = first_open_step(questions, answers, seen) == CHECK and place.kind in (
        StepKind.QUESTION,
        StepKind.INFORMANT,
    )
    if changing:
        return CHECK
    position = places.index(place)
    return places[position - 1] if position else None


def seen_after_leaving(
    questions: QuestionSet,
    earlier: Answers,
    answers: Answers,
    seen: Collection[str],
    place: RouteStep,
) -> tuple[str, ...]:
    """Return what was seen once `place` is left with `answers`; other groups than before have details yet to be asked."""
    gone = {place.key}
    question = (
        questions.find_question(place.question_id)
        if place.kind is StepKind.QUESTION and place.question_id
        else None
    )
    if question is not None:
        new = set(groups_with_details(question, answers.get(question.id))) - set(
            groups_with_details(question, earlier.get(question.id))
        )
        gone |= {RouteStep(StepKind.DETAILS, question.id).key} if new else set()
    return (*(key for key in seen if key not in gone), place.key)


def question_progress(
    questions: QuestionSet, answers: Answers, place: RouteStep
) -> tuple[int, int] | None:
    """Return the number of the question that `place` belongs to and how many there are; who answers is the first."""
    numbered = [None, *(question.id for question in asked_questions(questions, answers))]
    if place.kind in (StepKind.WHY, StepKind.CHECK):
        return None
    return numbered.index(place.question_id) + 1, len(numbered)


def reask_at(
    submission: Submission, questions: QuestionSet, after: Mapping[AnswerState, timedelta]
) -> datetime | None:
    """Return when the person is asked again, None where that is at the next visit.

    The shortest interval of the answers' states in `after` counts; what was skipped, and a state that is not in `after`, such
    as not to know, is asked at the next visit.
    """
    asked = (
        each
        for each in asked_questions(questions, submission.answers)
        if each.about is Subject.PATIENT
    )
    answers = (submission.answers.get(each.id) for each in asked)
    intervals = [after.get(each.state) if each else None for each in answers]
    known = [each for each in intervals if each is not None]
    return submission.answered_at + min(known) if known and len(known) == len(intervals) else None
