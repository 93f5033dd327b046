"""The merge knows the merge base, this site's writes since, and the decisions."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from intake.answers import Answer, AnswerState
from intake.store.outbox import delivery_steps
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.merge_base import MergeBase
from intake.worker.merge_context import (
    build_merge_context,
    read_earlier_submissions,
)
from tests.support.worker_site import WorkerSite

INTERPRETER = {"interpreter": Answer(AnswerState.ANSWERED, ("yes",))}
LANGUAGE = {"spoken-language": Answer(AnswerState.DECLINED)}


def deliver_new(site: WorkerSite, **changes: Any) -> LeasedSubmission:
    leased = site.lease_new(**changes)
    site.record_sending(leased)
    with site.database.write() as tx:
        assert delivery_steps.mark_accepted(tx, leased)
        assert delivery_steps.mark_verified(tx, leased)
    return leased


def test_the_merge_base_is_what_the_visit_knew(worker_site: WorkerSite) -> None:
    base = MergeBase(date(1980, 5, 17), {"race": None})
    leased = worker_site.lease_new(base)
    earlier = read_earlier_submissions(worker_site.database, leased)
    merge = build_merge_context(leased, earlier, worker_site.settings)
    assert (merge.birth_date, merge.chart) == (base.birth_date, base.chart)
    assert (merge.corrected_elements, merge.own_submissions) == (frozenset(), frozenset())


def test_what_this_site_wrote_lately_is_no_change_by_others(worker_site: WorkerSite) -> None:
    older = deliver_new(worker_site, answers=INTERPRETER)
    leased = worker_site.lease_new(answers=LANGUAGE)
    earlier = read_earlier_submissions(worker_site.database, leased)
    merge = build_merge_context(leased, earlier, worker_site.settings)
    assert merge.corrected_elements == {"interpreter"}
    assert merge.own_submissions == {UUID(older.record.id)}


def test_what_it_wrote_long_ago_is_in_the_merge_base(worker_site: WorkerSite) -> None:
    older = deliver_new(worker_site, answers=INTERPRETER)
    worker_site.clock.advance(days=4)
    leased = worker_site.lease_new(answers=LANGUAGE)
    earlier = read_earlier_submissions(worker_site.database, leased)
    merge = build_merge_context(leased, earlier, worker_site.settings)
    assert merge.corrected_elements == frozenset()
    # The Observations of every earlier submission stay this site's own.
    assert merge.own_submissions == {UUID(older.record.id)}


def test_only_a_decision_for_the_patient_settles_a_value(worker_site: WorkerSite) -> None:
    decisions = {
        "race": ConflictDecision(ConflictChoice.PERSON, "race-hash"),
        "interpreter": ConflictDecision(ConflictChoice.CHART, "interpreter-hash"),
    }
    leased = replace(worker_site.lease_new(), decisions=decisions)
    earlier = read_earlier_submissions(worker_site.database, leased)
    merge = build_merge_context(leased, earlier, worker_site.settings)
    assert merge.decided_values == {"race": "race-hash"}
