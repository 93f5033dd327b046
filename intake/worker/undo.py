"""Undoes one submission, except for what a later submission states again."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from uuid import UUID

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
from fhir_client.transport.responses import BARRED_STATUSES
from fhir_client.uscore.undo_record import KeyedHash, compose_changes
from fhir_client.write.bundle import NoVersionError
from fhir_client.write.undo import WrittenEffect, is_answer_of, undo_submission
from intake.store.database import DatabaseError
from intake.store.outbox import undo_leases
from intake.store.outbox.held_reasons import HeldReason
from intake.store.outbox.undo_leases import LaterSubmission, LeasedUndo
from intake.store.outbox.undo_records import UndoRecord
from intake.worker.conflicts import hold_conflicts
from intake.worker.context import WorkerContext
from intake.worker.error_outcomes import (
    remedy_words,
    retry_outcome,
    server_error_outcome,
    unforeseen_outcome,
)
from intake.worker.outcomes import Held, Outcome, Reversed, apply_outcome
from intake.worker.undo_records import (
    PriorValues,
    decode_prior_values,
    encode_prior_values,
    keyed_hash,
)

UPDATE_REMEDY = "It needs the right to update Observation and QuestionnaireResponse."
LATER_OPEN = "A later submission of the same patient is not delivered yet."


def deliver_undo(context: WorkerContext, leased: LeasedUndo) -> None:
    """Undo one leased submission; the outcome is stored on return."""
    context.exchanges.clear()
    try:
        for outcome in _undo_in_steps(context, leased):
            apply_outcome(context, outcome)
    except DatabaseError:
        # No outcome can be stored now. The lease ends, and a worker tries again.
        raise
    except Exception as error:  # noqa: BLE001
        apply_outcome(context, _error_outcome(context, leased, error))


def _undo_in_steps(context: WorkerContext, leased: LeasedUndo) -> Iterator[Outcome]:
    with context.database.read() as tx:
        key = keyed_hash(tx)
        later = undo_leases.list_later_submissions(tx, leased.record.id)
    # It is uncertain whether an open submission changed the chart, and so what to restore.
    if any(submission.is_open for submission in later):
        yield _hold(leased, HeldReason.LATER, LATER_OPEN, server_answered=False)
        return
    values = decode_prior_values(leased.undo_record)
    restated = _restated_parts(later)
    effect = _effect_to_undo(leased, values, frozenset(restated))
    undo_submission(context.client, context.writer, effect, key)
    inherited = _inherited_records(values, restated, key)
    yield Reversed(leased, _forget_observations(leased, later, inherited))


def _restated_parts(later: tuple[LaterSubmission, ...]) -> Mapping[str, LaterSubmission]:
    """Return the first later submission that states each part of the chart again."""
    # Reversed, so that the first of several overwrites the others in the mapping.
    return {
        part: submission
        for submission in reversed(later)
        for part in decode_prior_values(submission.undo_record).stated_parts
    }


def _effect_to_undo(
    leased: LeasedUndo, values: PriorValues, restated: frozenset[str]
) -> WrittenEffect:
    """Return what to undo: no restated parts, nothing a reviewer left to the chart."""
    return WrittenEffect(
        leased.undo_record.sent.patient,
        UUID(leased.record.id),
        values.parts,
        restated | frozenset(leased.decisions),
        values.observations,
    )


def _inherited_records(
    values: PriorValues, restated: Mapping[str, LaterSubmission], key: KeyedHash
) -> Mapping[str, UndoRecord]:
    """Return new undo records for later submissions, by id.

    Their own undo then restores the values from before the undone submission.
    """
    inherited: dict[str, UndoRecord] = {}
    for part in values.parts:
        later = restated.get(part.chart_part)
        if later is None:
            continue
        record = inherited.get(later.id, later.undo_record)
        later_values = decode_prior_values(record)
        parts = {later_part.chart_part: later_part for later_part in later_values.parts}
        parts[part.chart_part] = compose_changes(part, parts.get(part.chart_part), key)
        composed = replace(later_values, parts=tuple(parts.values()))
        inherited[later.id] = UndoRecord(record.sent, encode_prior_values(composed))
    return inherited


def _forget_observations(
    leased: LeasedUndo, later: tuple[LaterSubmission, ...], inherited: Mapping[str, UndoRecord]
) -> Mapping[str, UndoRecord]:
    """Return the new undo records, without Observations of the undone submission.

    Otherwise the undo of a correction would bring back the answer that is undone now.
    """
    records = dict(inherited)
    for submission in later:
        record = records.get(submission.id, submission.undo_record)
        values = decode_prior_values(record)
        kept = tuple(
            observation
            for observation in values.observations
            if not is_answer_of(observation, UUID(leased.record.id))
        )
        if kept != values.observations:
            encoded = encode_prior_values(replace(values, observations=kept))
            records[submission.id] = UndoRecord(record.sent, encoded)
    return records


def _error_outcome(context: WorkerContext, leased: LeasedUndo, error: Exception) -> Outcome:
    match error:
        case TemporaryError() | VersionConflictError():
            return retry_outcome(context, leased, error)
        case ServerError() if error.status in BARRED_STATUSES:
            # A write needs fewer rights than an undo, so the server does not pause.
            return _hold(leased, HeldReason.REFUSED, f"{error.message} {UPDATE_REMEDY}")
        case ServerError():
            return server_error_outcome(context, leased, error)
        case FhirError():
            return _hold_refused(leased, error)
        case NoVersionError():
            message = f"This cannot be undone: {error}."
            return _hold(leased, HeldReason.INVALID, message, server_answered=False)
    return unforeseen_outcome(leased, error)


def _hold_refused(leased: LeasedUndo, error: FhirError) -> Held:
    """Hold an undo that the server refuses, with the remedy for the kind of refusal."""
    match error:
        case ChartConflictError():
            # The policy decides what is written, never what an undo takes back: a reviewer does.
            return hold_conflicts(leased, error, error.conflicts)
        case ManualEntryError():
            return _hold(leased, HeldReason.BY_HAND, error.message)
        case PatientError() | GoneError():
            return _hold(leased, HeldReason.PATIENT, error.message)
    return _hold(leased, HeldReason.REFUSED, error.message)


def _hold(
    leased: LeasedUndo, reason: HeldReason, message: str, *, server_answered: bool = True
) -> Held:
    message = f"{message} {remedy_words(leased, reason)}"
    return Held(leased, reason, message, server_answered=server_answered)
