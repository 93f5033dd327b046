"""Finds what the chart keeps beside an answer about race and ethnicity together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fhir_client.model import Element, UntouchedChoice
from fhir_client.uscore.combined_question import CombinedRules
from fhir_client.uscore.statement import CategoryAnswer, Statement
from fhir_client.write.patient_reports import read_reports, reported_by_us
from fhir_client.write.strategy import WrittenPart
from fhir_client.write.task import Writer
from intake import terminology
from intake.mapping.choices import UnknownAnswerError
from intake.mapping.elements import untouched_elements
from intake.mapping.site_mapping import map_submission
from intake.settings import Settings
from intake.store.outbox.conflict_decisions import ConflictChoice
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.supersede import RelatedSubmission
from intake.worker.context import WorkerContext
from intake.worker.corrections import SentAnswers, is_answered_later, is_same_visit


@dataclass(frozen=True, slots=True)
class _OwnValue:
    """What an earlier submission of ours said of an element."""

    element: Element
    answered_at: datetime
    value: CategoryAnswer


def find_combined_rules(
    context: WorkerContext,
    leased: LeasedSubmission,
    statement: Statement,
    writer: Writer,
    sent: SentAnswers,
) -> CombinedRules:
    """Return the rules for the chart's values that the answers leave open.

    Raises the errors of fhir_client.errors if our earlier Observations cannot be read now.
    """
    if not any(isinstance(value, CategoryAnswer) for value in statement.values.values()):
        return CombinedRules()
    questions = context.settings.question_sets.get(leased.submission.question_set)
    open_elements = untouched_elements(leased.submission, questions, statement.values.keys())
    own_values = sorted(
        _find_own_values(context, leased, statement, writer, sent),
        key=lambda own: own.answered_at,
        reverse=True,
    )
    return CombinedRules(
        {
            element: _choose_untouched(leased, element, context.settings)
            for element in open_elements - leased.superseded_elements
        },
        {
            element: tuple(own.value for own in own_values if own.element is element)
            for element in (Element.RACE, Element.ETHNICITY)
        },
        terminology.find_detail,
    )


def _choose_untouched(
    leased: LeasedSubmission, element: Element, settings: Settings
) -> UntouchedChoice:
    decision = leased.decisions.get(element)
    if decision is not None and decision.take is ConflictChoice.PERSON:
        return UntouchedChoice.REMOVE
    return settings.merge.untouched


def _find_own_values(
    context: WorkerContext,
    leased: LeasedSubmission,
    statement: Statement,
    writer: Writer,
    sent: SentAnswers,
) -> Iterator[_OwnValue]:
    """Yield the earlier answers through us, from the store or from our Observations."""
    erased = set(sent.older_ids) - {other.id for other in sent.others}
    for other in sent.others:
        # A correction takes its own visit's answers back in any case.
        is_same = is_same_visit(other.submission, leased.submission, context.settings)
        if not is_same and other.was_accepted and not is_answered_later(other, leased):
            yield from _stored_values(other, context.settings)
    if not erased or WrittenPart.OBSERVATIONS not in writer.strategy.parts:
        return
    reports = read_reports(context.client, statement.patient)
    for report in reported_by_us(reports, map(UUID, erased)):
        if isinstance(report.value, CategoryAnswer):
            yield _OwnValue(Element(report.element), report.reported_at, report.value)


def _stored_values(other: RelatedSubmission, settings: Settings) -> Iterator[_OwnValue]:
    try:
        earlier = map_submission(other.submission, settings)
    except UnknownAnswerError:
        return
    for element, value in earlier.values.items():
        if isinstance(value, CategoryAnswer) and element not in other.superseded_elements:
            yield _OwnValue(element, other.submission.answered_at, value)
