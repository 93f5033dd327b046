"""Puts a submission on the worklist without its chart, where the chart cannot be used."""

from dataclasses import replace

from fhir_client.errors import FhirError
from fhir_client.model import Worksheet
from fhir_client.uscore.statement import without_elements
from fhir_client.write.worksheet import build_worksheet
from intake.answers import MatchCriteria
from intake.mapping.choices import UnknownAnswerError
from intake.mapping.site_mapping import map_submission
from intake.store.outbox.held_reasons import HeldReason
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.worklist import encode_worksheet
from intake.worker.context import WorkerContext
from intake.worker.error_outcomes import remedy_words
from intake.worker.outcomes import Held, Outcome

NO_CHART = "Its chart cannot be read, so the worklist shows all answers."


def type_by_hand(context: WorkerContext, leased: LeasedSubmission, outcome: Outcome) -> Outcome:
    """Return the outcome, or the worklist where staff chose that and the chart stops it."""
    if leased.record.by_hand_at is None or not isinstance(outcome, Held):
        return outcome
    if outcome.reason is HeldReason.WORKLIST:
        return outcome
    try:
        worksheet = _worksheet_without_chart(context, leased)
    except (FhirError, UnknownAnswerError):
        # Answers that cannot be put in words cannot be typed either.
        return outcome
    return replace(
        outcome,
        reason=HeldReason.WORKLIST,
        message=f"{NO_CHART} {remedy_words(leased, HeldReason.WORKLIST)}",
        detail=encode_worksheet(worksheet),
    )


def _worksheet_without_chart(context: WorkerContext, leased: LeasedSubmission) -> Worksheet:
    submission = leased.submission
    statement = without_elements(
        map_submission(submission, context.settings), leased.superseded_elements
    )
    worksheet = build_worksheet({"resourceType": "Patient"}, statement, context.writer)
    criteria = MatchCriteria.from_reference(submission.patient)
    born = criteria.birth_date if criteria else leased.merge_base.birth_date
    return replace(
        worksheet,
        identifiers=(f"{criteria.system}|{criteria.record_number}",) if criteria else (),
        birth_date=born.isoformat() if born else "",
    )
