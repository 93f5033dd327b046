"""Where chart and person differ: by the site's policy one of them gives way, else the row is held for a reviewer."""

from dataclasses import replace

from fhir_client.errors import ChartConflictError
from fhir_client.model import Conflict
from fhir_client.write.task import Writer
from intake.settings import ConflictPolicy as Policy
from intake.store import audit, servers
from intake.store.outbox import conflict_decisions, leases
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision, StoredConflict
from intake.store.outbox.leases import LeasedSubmission, LeasedWork
from intake.worker.context import WorkerContext, report_outcome
from intake.worker.outcomes import hold_submission

POLICY = "policy"
"""Who decided, in the audit, where the site's settings did."""


def settle_conflicts(
    bench: WorkerContext, claimed: LeasedSubmission, error: ChartConflictError
) -> None:
    """Decide by policy what it decides, and send the row again; what is left is a reviewer's."""
    policies = {each.element: _policy(bench, each) for each in error.conflicts}
    left = tuple(each for each in error.conflicts if policies[each.element] is Policy.REVIEW)
    if left:
        hold_conflicts(bench, claimed, error, left)
        return
    decisions = {
        each.element: ConflictDecision(ConflictChoice(policies[each.element].value), each.chart_key)
        for each in error.conflicts
    }
    with bench.database.write() as tx:
        kept = leases.record_decisions(tx, claimed, decisions, tx.now)
        servers.end_pause(tx, bench.server.id)
        if kept:
            audit.record_action(tx, POLICY, "conflict-decided", claimed.record.id)
    report_outcome(bench, claimed, "decided", kept=kept)


def _policy(bench: WorkerContext, contested: Conflict) -> Policy:
    """Return who decides: what a patient said themselves, nobody else's word replaces without a reviewer."""
    found = bench.settings.merge.policy_for(contested.element)
    return Policy.REVIEW if contested.by_patient and found is Policy.PERSON else found


def hold_conflicts(
    bench: WorkerContext,
    row: LeasedWork,
    error: ChartConflictError,
    contested: tuple[Conflict, ...],
) -> None:
    """Hold a row until a reviewer has decided; what both say is sealed with it."""
    contests = tuple(
        StoredConflict(each.element, each.chart, each.answer, each.chart_key, each.by_patient)
        for each in contested
    )
    hold_submission(
        bench,
        row,
        conflict_decisions.CONFLICT_REASON,
        error.message,
        detail=conflict_decisions.encode_conflicts(contests),
    )


def writer_with_decisions(writer: Writer, claimed: LeasedSubmission) -> Writer:
    """Return how this row is written: what was decided for the chart stays as the chart has it."""
    keeps = frozenset(
        name for name, each in claimed.decisions.items() if each.take is ConflictChoice.CHART
    )
    return (
        replace(writer, policy=replace(writer.policy, elements_to_keep=keeps)) if keeps else writer
    )
