"""Settles conflicts by the site's policy, or holds them for a reviewer."""

from dataclasses import replace

from fhir_client.errors import ChartConflictError
from fhir_client.model import Conflict
from fhir_client.write.task import Writer
from intake.settings import ConflictPolicy, Settings
from intake.store.outbox import conflict_decisions
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision
from intake.store.outbox.leases import LeasedSubmission, LeasedWork
from intake.worker.outcomes import Decided, Held


def settle_conflicts(
    leased: LeasedSubmission, error: ChartConflictError, settings: Settings
) -> Decided | Held:
    """Return the policy's decisions, or hold the submission for a reviewer.

    If a reviewer has to decide one conflict, the policy decides none: the submission is sent
    again only when all are decided.
    """
    policies = {conflict.element: _policy_for(conflict, settings) for conflict in error.conflicts}
    for_reviewer = tuple(
        conflict
        for conflict in error.conflicts
        if policies[conflict.element] is ConflictPolicy.REVIEW
    )
    if for_reviewer:
        return hold_conflicts(leased, error, for_reviewer)
    decisions = {
        conflict.element: ConflictDecision(
            ConflictChoice(policies[conflict.element].value), conflict.chart_key
        )
        for conflict in error.conflicts
    }
    return Decided(leased, decisions)


def _policy_for(conflict: Conflict, settings: Settings) -> ConflictPolicy:
    policy = settings.merge.policy_for(conflict.element)
    # An informant's answer replaces the patient's own answer only if a reviewer agrees.
    if conflict.by_patient and policy is ConflictPolicy.PERSON:
        return ConflictPolicy.REVIEW
    return policy


def hold_conflicts(
    leased: LeasedWork, error: ChartConflictError, conflicts: tuple[Conflict, ...]
) -> Held:
    """Hold a submission for a reviewer; both values are stored encrypted with it."""
    return Held(
        leased,
        conflict_decisions.CONFLICT_REASON,
        error.message,
        detail=conflict_decisions.encode_conflicts(conflicts),
    )


def writer_with_decisions(writer: Writer, leased: LeasedSubmission) -> Writer:
    """Return the writer that keeps the chart's value where a decision says so."""
    elements = frozenset(
        element
        for element, decision in leased.decisions.items()
        if decision.take is ConflictChoice.CHART
    )
    if not elements:
        return writer
    return replace(writer, policy=replace(writer.policy, elements_to_keep=elements))
