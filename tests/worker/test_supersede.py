"""A verified submission supersedes what older ones say of the same elements."""

from typing import Any

import pytest

from intake.answers import Answer, AnswerState
from intake.store.outbox.held_reasons import HeldReason
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.records import Status
from intake.worker.outcomes import Held, Verified, apply_outcome
from intake.worker.supersede import supersede_older_answers
from tests.support.worker_site import WorkerSite

YES = Answer(AnswerState.ANSWERED, ("yes",))
DECLINED = Answer(AnswerState.DECLINED)


def hold_new(site: WorkerSite, **answers: Answer) -> LeasedSubmission:
    leased = site.lease_new(answers=answers)
    apply_outcome(site.context, Held(leased, HeldReason.REFUSED, "Refused."))
    return leased


def supersede_by_new(site: WorkerSite, **changes: Any) -> None:
    newer = site.lease_new(**changes)
    with site.database.write() as tx:
        supersede_older_answers(tx, newer, site.settings)


@pytest.mark.parametrize("answer", [YES, DECLINED, Answer(AnswerState.UNKNOWN)])
def test_a_held_submission_with_nothing_left_is_superseded(
    worker_site: WorkerSite, answer: Answer
) -> None:
    held = hold_new(worker_site, interpreter=YES)
    supersede_by_new(worker_site, answers={"interpreter": answer})
    assert worker_site.read_record(held.record.id).status is Status.SUPERSEDED


def test_a_held_submission_keeps_what_was_not_answered_again(worker_site: WorkerSite) -> None:
    held = hold_new(worker_site, **{"interpreter": YES, "spoken-language": DECLINED})
    supersede_by_new(worker_site, answers={"interpreter": DECLINED})
    assert worker_site.read_record(held.record.id).status is Status.HELD
    # An answer to the other question leaves nothing of it.
    worker_site.clock.advance(hours=1)
    newer = worker_site.acquire_lease()
    apply_outcome(worker_site.context, Verified(newer, worker_site.settings))
    supersede_by_new(worker_site, answers={"spoken-language": YES})
    assert worker_site.read_record(held.record.id).status is Status.SUPERSEDED


def test_another_chart_is_left_alone(worker_site: WorkerSite) -> None:
    held = hold_new(worker_site, interpreter=YES)
    supersede_by_new(worker_site, patient="Patient/2", answers={"interpreter": DECLINED})
    assert worker_site.read_record(held.record.id).status is Status.HELD


def test_an_unknown_question_set_supersedes_nothing(worker_site: WorkerSite) -> None:
    held = hold_new(worker_site, interpreter=YES)
    supersede_by_new(worker_site, question_set="of-a-later-version")
    assert worker_site.read_record(held.record.id).status is Status.HELD
