"""One submission's way: write, accept, read back, verify; and for each fault what it means for the row."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from datetime import timedelta
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
from fhir_client.model import WriteStrategyKind
from fhir_client.uscore.chart import elements_of_part
from fhir_client.uscore.statement import Statement, without_elements
from fhir_client.write.bundle import NoVersionError
from fhir_client.write.charts import MergeContext
from fhir_client.write.patient_matching import UnmatchedPatientError
from fhir_client.write.read_back import Mismatch
from fhir_client.write.repair import repair_and_read_back
from fhir_client.write.strategy import full_strategy
from fhir_client.write.task import WriteAttempt, Writer, WriteResult
from fhir_client.write.validation import InvalidBundleError
from fhir_client.write.writer import write_statement
from intake.answers import Submission
from intake.mapping import site_mapping
from intake.mapping.choices import UnknownAnswerError
from intake.mapping.elements import all_covered_elements, covered_elements
from intake.questions import QuestionSet
from intake.store import servers
from intake.store.database import DatabaseError, Tx
from intake.store.outbox import leases, supersede, unmatched
from intake.store.outbox.conflict_decisions import ConflictChoice
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.submissions import Status
from intake.store.outbox.supersede import RelatedSubmission
from intake.store.outbox.worklist import WORKLIST_REASON
from intake.worker.conflicts import settle_conflicts, writer_with_decisions
from intake.worker.context import WorkerContext, report_outcome
from intake.worker.outcomes import (
    PostponedError,
    hold_submission,
    hold_unforeseen,
    pause_server,
    schedule_retry,
)
from intake.worker.patient_matching import resolve_patient
from intake.worker.undo_records import build_undo_record, decode_prior_values, keyed_hash

SCHEDULE_BEHIND = timedelta(days=3)
"""What the schedule said of a chart can be this old, so what we wrote since is no change by others."""
SHOWN_WITHIN = timedelta(minutes=10)
"""What a server took and has not indexed yet can be found no later than this; what cannot is missing."""
NOT_SHOWN = "not-shown"
MENDED = frozenset({Status.ACCEPTED, Status.VERIFIED})
TYPE = "An administrator's worklist says what to type; it is read back when they say there that it is typed."


CORRECT = "The front desk corrects number and date on its page of today; the answers wait for that."


def deliver_submission(bench: WorkerContext, claimed: LeasedSubmission) -> None:
    """Bring one claimed submission as far as it goes; every outcome is in its row when this returns."""
    try:
        _deliver(bench, claimed)
    except PostponedError as not_now:
        with bench.database.write() as tx:
            kept = leases.release_lease(tx, claimed, until=tx.now + not_now.wait)
        report_outcome(bench, claimed, "behind", kept=kept)
    except FhirError as error:
        _failed(bench, claimed, error)
    except (InvalidBundleError, NoVersionError, UnknownAnswerError) as error:
        words = f"This cannot be written: {error}. Report it, then retry after the mend."
        hold_submission(bench, claimed, "invalid", words, answered=False)
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001
        hold_unforeseen(bench, claimed, error)


def _failed(bench: WorkerContext, claimed: LeasedSubmission, error: FhirError) -> None:
    match error:
        case TemporaryError() | VersionConflictError():
            schedule_retry(bench, claimed, error)
        case ServerError():
            pause_server(bench, claimed, error)
        case ChartConflictError():
            settle_conflicts(bench, claimed, error)
        case ManualEntryError():
            sheet = None if error.worksheet is None else json.dumps(asdict(error.worksheet))
            hold_submission(bench, claimed, WORKLIST_REASON, f"{error.message} {TYPE}", sheet)
        case UnmatchedPatientError():
            hold_submission(
                bench, claimed, unmatched.UNMATCHED_REASON, f"{error.message} {CORRECT}"
            )
        case PatientError() | GoneError():
            hold_submission(
                bench,
                claimed,
                "patient",
                f"{error.message} Find the right chart and enter the answers there.",
            )
        case _:
            hold_submission(
                bench, claimed, "refused", f"{error.message} Ask the EHR's support, then retry."
            )


def _deliver(bench: WorkerContext, unbound: LeasedSubmission) -> None:
    claimed = resolve_patient(bench, unbound)
    said = without_elements(
        site_mapping.map_submission(claimed.submission, bench.settings), claimed.superseded_elements
    )
    written: WriteResult | None = None
    if claimed.record.status is not Status.ACCEPTED:
        written = _write(bench, claimed, said)
        with bench.database.write() as tx:
            kept = leases.mark_accepted(tx, claimed)
            servers.end_pause(tx, bench.server.id)
        report_outcome(bench, claimed, "accepted", kept=kept)
        if not kept:
            return
    over = (
        written.base_version
        if written is not None and written.base_version
        else claimed.last_target.version
        if claimed.last_target
        else None
    )
    differences = repair_and_read_back(
        bench.client, _writer(bench, claimed), said, written, over=over
    )
    if differences:
        _differing(bench, claimed, differences)
        return
    with bench.database.write() as tx:
        kept = leases.mark_verified(tx, claimed)
        servers.record_success(tx, bench.server.id)
        if kept:
            _take_over(bench, tx, claimed)
    report_outcome(bench, claimed, "verified", kept=kept)


def _write(bench: WorkerContext, claimed: LeasedSubmission, said: Statement) -> WriteResult:
    writer, lately = _writer(bench, claimed), claimed.record.queued_at - SCHEDULE_BEHIND
    _refuse_too_early(bench, claimed, writer)
    with bench.database.read() as tx:
        since, undone = (
            supersede.list_sent_since(tx, claimed, lately),
            supersede.list_undone_since(tx, claimed, lately),
        )
        ours = supersede.list_sent_ids(tx, claimed)
    # What an earlier submission of this patient said, or its undo brought back, is in the chart because we wrote it.
    mended = all_covered_elements((each.submission for each in since), bench.settings).union(
        *(
            elements_of_part(part.element)
            for each in undone
            for part in decode_prior_values(each).parts
        )
    )
    return write_statement(
        bench.client,
        writer,
        replace(
            said,
            corrected_elements=all_covered_elements(_at_this_visit(claimed, since), bench.settings),
        ),
        known=_known(claimed, mended, ours),
        first=claimed.last_target is None,
        before_sending=_noted(
            bench, claimed, without_elements(said, writer.policy.elements_to_keep)
        ),
    )


def _refuse_too_early(bench: WorkerContext, claimed: LeasedSubmission, writer: Writer) -> None:
    """Raise NotNow where it was sent so lately that the server's searches would not show it: it would be sent again."""
    lag = timedelta(seconds=writer.quirks.search_lag_seconds)
    since = bench.clock() - claimed.record.sent_at if claimed.record.sent_at is not None else lag
    if since < lag:
        raise PostponedError(lag - since)


def _at_this_visit(
    claimed: LeasedSubmission, since: Iterable[RelatedSubmission]
) -> Iterator[Submission]:
    """Yield what the patient answered at this visit before, of which this one is a mend and no new answer."""
    visit = claimed.submission.appointment
    mended = (
        each
        for each in since
        if visit and each.submission.appointment == visit and each.status in MENDED
    )
    return (each.submission for each in mended)


def _questions(bench: WorkerContext, older: RelatedSubmission) -> QuestionSet | None:
    return bench.settings.question_sets.get(older.submission.question_set)


def _known(claimed: LeasedSubmission, mended: frozenset[str], ours: Iterable[str]) -> MergeContext:
    settled = {
        name: each.over
        for name, each in claimed.decisions.items()
        if each.take is ConflictChoice.PERSON
    }
    return MergeContext(
        claimed.merge_base.birth_date,
        claimed.merge_base.chart,
        mended,
        frozenset(map(UUID, ours)),
        settled,
    )


def _writer(bench: WorkerContext, claimed: LeasedSubmission) -> Writer:
    """Return how the row is written: what somebody says to have typed is not sent, only looked for in the chart."""
    writer = writer_with_decisions(bench.writer, claimed)
    if claimed.record.typed_at is None:
        return writer
    return replace(
        writer,
        strategy=replace(full_strategy(WriteStrategyKind.WORKLIST), batch=writer.strategy.batch),
    )


def _noted(
    bench: WorkerContext, claimed: LeasedSubmission, said: Statement
) -> Callable[[WriteAttempt], None]:
    """Return what notes a sending in the row before it leaves; raises NotNow where it may not leave."""

    def note(sending: WriteAttempt) -> None:
        with bench.database.write() as tx:
            same = sending.patient == claimed.submission.patient
            earlier = build_undo_record(sending, said, claimed.undo_record, keyed_hash(tx))
            ours = same or leases.follow_merged_chart(tx, claimed, sending.patient)
            may = ours and leases.record_sending(tx, claimed, earlier, bench.lease_duration)
        if not may:
            raise PostponedError

    return note


def _take_over(bench: WorkerContext, tx: Tx, claimed: LeasedSubmission) -> None:
    """Take what this one says from older ones that have not arrived: their word for it is not the last one any more."""
    questions = bench.settings.question_sets.get(claimed.submission.question_set)
    mine = covered_elements(claimed.submission, questions)
    for older in supersede.list_undelivered(tx, claimed):
        asked = covered_elements(older.submission, _questions(bench, older))
        nothing_left = bool(asked) and asked <= older.superseded_elements | mine
        supersede.supersede_elements(tx, older, mine & asked, nothing_left=nothing_left)


def _differing(
    bench: WorkerContext, claimed: LeasedSubmission, differences: tuple[Mismatch, ...]
) -> None:
    since = bench.clock() - (claimed.record.accepted_at or bench.clock())
    if since < SHOWN_WITHIN and all(each.absent for each in differences):
        schedule_retry(
            bench,
            claimed,
            TemporaryError("The server took it, but does not show it yet."),
            NOT_SHOWN,
        )
        return
    names = ", ".join(each.element for each in differences)
    words = f"The server took it, but does not read back the same: {names}. Compare with the chart, then retry."
    hold_submission(
        bench,
        claimed,
        "mismatch",
        words,
        detail=json.dumps([asdict(each) for each in differences], default=str),
    )
