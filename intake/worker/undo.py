"""One undo's way: take back what the submission wrote, unless a later one of the patient has said it again since."""

from collections.abc import Mapping
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
from fhir_client.write.undo import WrittenEffect, undo_submission
from intake.store import audit, servers
from intake.store.database import DatabaseError
from intake.store.outbox import undo_requests
from intake.store.outbox.undo_records import UndoRecord
from intake.store.outbox.undo_requests import LaterSubmission, LeasedUndo
from intake.worker import undo_records
from intake.worker.conflicts import hold_conflicts
from intake.worker.context import WorkerContext, report_outcome
from intake.worker.outcomes import hold_submission, hold_unforeseen, pause_server, schedule_retry
from intake.worker.undo_records import PriorValues

UPDATE = "Ask for update of Observation and QuestionnaireResponse, then retry; or undo it in the chart by hand and stop this."
WORKER = "worker"
"""Who did it, in the audit: who asked for it stands there before."""


def deliver_undo(bench: WorkerContext, claimed: LeasedUndo) -> None:
    """Bring one claimed undo as far as it goes; every outcome is in its row when this returns."""
    try:
        _take_back(bench, claimed)
    except FhirError as error:
        _failed(bench, claimed, error)
    except NoVersionError as error:
        hold_submission(
            bench,
            claimed,
            "invalid",
            f"This cannot be undone: {error}. Put the chart right by hand.",
            answered=False,
        )
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001
        hold_unforeseen(bench, claimed, error)


def _failed(bench: WorkerContext, claimed: LeasedUndo, error: FhirError) -> None:
    match error:
        case TemporaryError() | VersionConflictError():
            schedule_retry(bench, claimed, error)
        case ServerError() if error.status in BARRED_STATUSES:
            # To write asks for less than to undo, so that submissions may go on meanwhile.
            hold_submission(bench, claimed, "refused", f"{error.message} {UPDATE}")
        case ServerError():
            pause_server(bench, claimed, error)
        case ChartConflictError():
            hold_conflicts(bench, claimed, error, error.conflicts)
        case ManualEntryError():
            hold_submission(
                bench, claimed, "by-hand", f"{error.message} Do that, then stop the undo here."
            )
        case PatientError() | GoneError():
            hold_submission(
                bench,
                claimed,
                "patient",
                f"{error.message} Nothing was changed. Put the right chart right by hand.",
            )
        case _:
            hold_submission(
                bench, claimed, "refused", f"{error.message} Ask the EHR's support, then retry."
            )


def _take_back(bench: WorkerContext, claimed: LeasedUndo) -> None:
    with bench.database.read() as tx:
        key, others = (
            undo_records.keyed_hash(tx),
            undo_requests.list_later_submissions(tx, claimed.record.id),
        )
    if any(each.is_open for each in others):
        words = "A later submission of the same patient is on its way. Retry when it is verified or held."
        hold_submission(bench, claimed, "later", words, answered=False)
        return
    wrote = undo_records.decode_prior_values(claimed.undo_record)
    said_again = {
        part: other
        for other in reversed(others)
        for part in undo_records.decode_prior_values(other.undo_record).stated_parts
    }
    undo_submission(
        bench.client, bench.writer, _left_to_undo(claimed, wrote, frozenset(said_again)), key
    )
    with bench.database.write() as tx:
        servers.record_success(tx, bench.server.id)
        kept = undo_requests.finish_undo(tx, claimed, _handed_on(wrote, said_again, key))
        if kept:
            audit.record_action(tx, WORKER, "submission-undone", claimed.record.id)
    report_outcome(bench, claimed, "reversed", kept=kept)


def _left_to_undo(
    claimed: LeasedUndo, wrote: PriorValues, said_again: frozenset[str]
) -> WrittenEffect:
    """Return what to take back: not what a later submission says, nor what a reviewer left as the chart has it."""
    stays = said_again | frozenset(claimed.decisions)
    return WrittenEffect(
        claimed.undo_record.sent.patient, UUID(claimed.record.id), wrote.parts, stays
    )


def _handed_on(
    wrote: PriorValues, said_again: Mapping[str, LaterSubmission], key: KeyedHash
) -> Mapping[str, UndoRecord]:
    """Return what later submissions keep for their own undo: they go back to what stood before this one."""
    found: dict[str, UndoRecord] = {}
    for part in wrote.parts:
        other = said_again.get(part.element)
        if other is None:
            continue
        before = found.get(other.id, other.undo_record)
        theirs = undo_records.decode_prior_values(before)
        of_element = {each.element: each for each in theirs.parts}
        of_element[part.element] = compose_changes(part, of_element.get(part.element), key)
        found[other.id] = UndoRecord(
            before.sent,
            undo_records.encode_prior_values(
                PriorValues(tuple(of_element.values()), theirs.stated_parts)
            ),
        )
    return found
