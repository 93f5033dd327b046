"""Delivers one submission in steps: match the patient, write, read back."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta

from fhir_client.errors import (
    ChartConflictError,
    FhirError,
    GoneError,
    ManualEntryError,
    PatientError,
    ServerError,
    TemporaryError,
    VersionConflictError,
)
from fhir_client.model import WriteStrategyKind
from fhir_client.uscore.statement import Statement, without_elements
from fhir_client.write.bundle import NoVersionError
from fhir_client.write.patient_matching import UnmatchedPatientError
from fhir_client.write.read_back import Mismatch
from fhir_client.write.repair import repair_and_read_back
from fhir_client.write.strategy import full_strategy
from fhir_client.write.task import RecordAttempt, WriteAttempt, Writer, WriteResult
from fhir_client.write.validation import InvalidBundleError
from fhir_client.write.writer import write_statement
from intake.mapping.choices import UnknownAnswerError
from intake.mapping.site_mapping import map_submission
from intake.store.database import DatabaseError
from intake.store.outbox import chart_assignment, delivery_steps, supersede
from intake.store.outbox.held_reasons import HeldReason
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.records import Status
from intake.store.outbox.worklist import encode_worksheet
from intake.worker.by_hand import type_by_hand
from intake.worker.combined_answers import find_combined_rules
from intake.worker.conflicts import settle_conflicts, writer_with_decisions
from intake.worker.context import WorkerContext
from intake.worker.corrections import (
    NewerAnswers,
    SentAnswers,
    find_correction,
    find_newer_answers,
    read_sent_answers,
)
from intake.worker.error_outcomes import (
    PostponedError,
    remedy_words,
    retry_outcome,
    server_error_outcome,
    unforeseen_outcome,
)
from intake.worker.merge_context import (
    build_merge_context,
    read_earlier_submissions,
)
from intake.worker.outcomes import (
    Accepted,
    Decided,
    Held,
    Outcome,
    Postponed,
    Verified,
    Waiting,
    apply_outcome,
)
from intake.worker.patient_matching import resolve_patient
from intake.worker.undo_records import build_undo_record, keyed_hash

INDEXED_WITHIN = timedelta(minutes=10)
"""A server can take this long to index what it accepted.

What it does not show later is missing.
"""
NOT_SHOWN_REASON = "not-shown"


def deliver_submission(context: WorkerContext, leased: LeasedSubmission) -> None:
    """Deliver one leased submission step by step; each outcome is stored on return."""
    context.exchanges.clear()
    try:
        for outcome in _deliver_in_steps(context, leased):
            if not apply_outcome(context, outcome):
                return
    except DatabaseError:
        # No outcome can be stored now. The lease ends, and a worker tries again.
        raise
    except Exception as error:  # noqa: BLE001
        outcome = _error_outcome(context, leased, error)
        apply_outcome(context, type_by_hand(context, leased, outcome))


def _deliver_in_steps(context: WorkerContext, unmatched: LeasedSubmission) -> Iterator[Outcome]:
    """Match the patient, write and read back; yield the outcome of each step."""
    leased = resolve_patient(context, unmatched)
    sent = read_sent_answers(context.database, leased)
    newer = find_newer_answers(sent, leased, context.settings)
    leased = _drop_corrected_elements(context, leased, newer)
    statement = without_elements(
        map_submission(leased.submission, context.settings), leased.superseded_elements
    )
    writer = _writer_for(context, leased, statement, sent, newer.at_other_visits)
    result: WriteResult | None = None
    # An accepted submission comes back only because its read-back is not complete.
    if leased.record.status is not Status.ACCEPTED:
        result = _write_statement(context, leased, statement, writer)
        yield Accepted(leased)
    mismatches = repair_and_read_back(
        context.client, writer, statement, result, base_version=_base_version(leased, result)
    )
    if mismatches:
        yield _mismatch_outcome(context, leased, mismatches)
    else:
        yield Verified(leased, context.settings)


def _drop_corrected_elements(
    context: WorkerContext, leased: LeasedSubmission, newer: NewerAnswers
) -> LeasedSubmission:
    """Return the submission without answers that were corrected at the same visit."""
    if newer.at_same_visit <= leased.superseded_elements:
        return leased
    with context.database.write() as tx:
        return supersede.drop_superseded_elements(tx, leased, newer.at_same_visit)


def _writer_for(
    context: WorkerContext,
    leased: LeasedSubmission,
    statement: Statement,
    sent: SentAnswers,
    answered_since: frozenset[str],
) -> Writer:
    """Return how to write the submission.

    The chart keeps the elements that were `answered_since`. If a person typed the submission into
    the chart, the worker only reads it back.
    """
    writer = writer_with_decisions(context.writer, leased)
    policy = replace(
        writer.policy,
        elements_to_keep=writer.policy.elements_to_keep | answered_since,
        correction=find_correction(sent, leased, context.settings),
        combined=find_combined_rules(context, leased, statement, writer, sent),
    )
    writer = replace(writer, policy=policy)
    if leased.record.typed_at is None and leased.record.by_hand_at is None:
        return writer
    worklist = full_strategy(WriteStrategyKind.WORKLIST)
    return replace(writer, strategy=replace(worklist, batch=writer.strategy.batch))


def _write_statement(
    context: WorkerContext, leased: LeasedSubmission, statement: Statement, writer: Writer
) -> WriteResult:
    """Merge the statement into the chart and write it, once however often this runs."""
    _postpone_until_indexed(context, leased, writer)
    earlier = read_earlier_submissions(context.database, leased)
    # Elements that a reviewer left to the chart are not written, so no undo touches them.
    undoable = without_elements(statement, writer.policy.elements_to_keep)
    return write_statement(
        context.client,
        writer,
        statement,
        context=build_merge_context(leased, earlier, context.settings),
        first=leased.last_target is None,
        before_sending=_attempt_recorder(context, leased, undoable),
    )


def _postpone_until_indexed(
    context: WorkerContext, leased: LeasedSubmission, writer: Writer
) -> None:
    """Raise PostponedError while the server's search cannot find the last attempt yet.

    The worker would miss its own earlier attempt, and send the submission twice.
    """
    lag = timedelta(seconds=writer.quirks.search_lag_seconds)
    sent_at = leased.record.sent_at
    if sent_at is not None and context.clock() - sent_at < lag:
        raise PostponedError(lag - (context.clock() - sent_at))


def _attempt_recorder(
    context: WorkerContext, leased: LeasedSubmission, statement: Statement
) -> RecordAttempt:
    """Return the function that stores the undo record before a request leaves.

    It raises PostponedError if the request may not leave.
    """

    def record_attempt(attempt: WriteAttempt) -> None:
        with context.database.write() as tx:
            undo_record = build_undo_record(attempt, statement, leased.undo_record, keyed_hash(tx))
            # The chart was merged into another one, in which this submission may not be first.
            may_send = (
                attempt.patient == leased.submission.patient
                or chart_assignment.follow_merged_chart(tx, leased, attempt.patient)
            )
            may_send = may_send and delivery_steps.record_sending(
                tx, leased, undo_record, context.lease_duration, says_more=attempt.says_more
            )
        if not may_send:
            raise PostponedError

    return record_attempt


def _base_version(leased: LeasedSubmission, result: WriteResult | None) -> str | None:
    """Return the version of the Patient that the last attempt merged into."""
    if result is not None and result.base_version:
        return result.base_version
    return leased.last_target.version if leased.last_target else None


def _mismatch_outcome(
    context: WorkerContext, leased: LeasedSubmission, mismatches: tuple[Mismatch, ...]
) -> Waiting | Held:
    """Hold the submission, or wait while the server may not have indexed it yet."""
    since_accepted = context.clock() - (leased.record.accepted_at or context.clock())
    if since_accepted < INDEXED_WITHIN and all(mismatch.absent for mismatch in mismatches):
        error = TemporaryError("The server took it, but does not show it yet.")
        return retry_outcome(context, leased, error, NOT_SHOWN_REASON)
    elements = ", ".join(mismatch.element for mismatch in mismatches)
    return Held(
        leased,
        HeldReason.MISMATCH,
        f"The server took it, but does not read back the same: {elements}."
        f" {remedy_words(leased, HeldReason.MISMATCH)}",
        detail=json.dumps([asdict(mismatch) for mismatch in mismatches], default=str),
    )


def _error_outcome(context: WorkerContext, leased: LeasedSubmission, error: Exception) -> Outcome:
    match error:
        case PostponedError():
            return Postponed(leased, error.delay)
        case TemporaryError() | VersionConflictError():
            return retry_outcome(context, leased, error)
        case ServerError():
            return server_error_outcome(context, leased, error)
        case FhirError():
            return _refusal_outcome(context, leased, error)
        case InvalidBundleError() | NoVersionError() | UnknownAnswerError():
            remedy = remedy_words(leased, HeldReason.INVALID)
            message = f"This cannot be written: {error}. {remedy}"
            return Held(leased, HeldReason.INVALID, message, server_answered=False)
    return unforeseen_outcome(leased, error)


def _refusal_outcome(
    context: WorkerContext, leased: LeasedSubmission, error: FhirError
) -> Decided | Held:
    """Settle a conflict, or hold the submission with the remedy for its refusal."""
    match error:
        case ChartConflictError():
            return settle_conflicts(leased, error, context.settings)
        case ManualEntryError():
            worksheet = None if error.worksheet is None else encode_worksheet(error.worksheet)
            return _hold(leased, HeldReason.WORKLIST, error, worksheet)
        case UnmatchedPatientError():
            return _hold(leased, HeldReason.UNMATCHED, error)
        case PatientError() | GoneError():
            return _hold(leased, HeldReason.PATIENT, error)
    return _hold(leased, HeldReason.REFUSED, error)


def _hold(
    leased: LeasedSubmission, reason: HeldReason, error: FhirError, detail: str | None = None
) -> Held:
    message = f"{error.message} {remedy_words(leased, reason)}"
    return Held(leased, reason, message, detail)
