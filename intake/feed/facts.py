"""Reads from a submission's answers what the report counts: its facts, without any value."""

from collections.abc import Iterator

from fhir_client.model import Element
from fhir_client.uscore.statement import (
    AbsentReason,
    CategoryAnswer,
    ElementValue,
    Source,
    Statement,
)
from intake.answers import MatchCriteria, Submission
from intake.mapping.choices import UnknownAnswerError
from intake.mapping.statement import NOT_HISPANIC, build_statement
from intake.report.values import ELEMENTS, State
from intake.settings import Settings
from intake.store.outbox.facts import ElementFact, SubmissionFacts

ABSENT_STATES = {
    AbsentReason.ASKED_DECLINED: State.DECLINED,
    AbsentReason.ASKED_UNKNOWN: State.DONT_KNOW,
}


def build_facts(submission: Submission, settings: Settings) -> SubmissionFacts | None:
    """Return the facts of a submission, None if the report cannot count it."""
    questions = settings.question_sets.get(submission.question_set)
    if questions is None or MatchCriteria.from_reference(submission.patient):
        # The worker has not matched this patient to a chart yet, so the report has no patient to
        # count.
        return None
    try:
        statement = build_statement(submission, questions, settings.mapping)
    except UnknownAnswerError:
        # The worker holds such a submission and shows the reason. The report cannot count it.
        return None
    return SubmissionFacts(
        statement.patient,
        submission.informant,
        statement.answered_at,
        tuple(_element_facts(statement)),
    )


def _element_facts(statement: Statement) -> Iterator[ElementFact]:
    answered = State.SELF if statement.source is Source.PATIENT else State.PROXY
    # The report counts some of the elements only.
    for element in map(Element, ELEMENTS):
        value = statement.values.get(element)
        if value is not None:
            state = ABSENT_STATES[value] if isinstance(value, AbsentReason) else answered
            yield ElementFact(
                element,
                int(state),
                detailed=isinstance(value, CategoryAnswer) and bool(value.detailed),
                # Only without a race does a Hispanic answer stand for both.
                completes_race=element is Element.ETHNICITY
                and Element.RACE not in statement.values
                and _is_hispanic(value),
            )


def _is_hispanic(value: ElementValue) -> bool:
    return isinstance(value, CategoryAnswer) and any(
        coding.code != NOT_HISPANIC for coding in (*value.categories, *value.detailed)
    )
