"""A submission that the server keeps failing waits, and is held in the end."""

import pytest

from intake.store.outbox.retry import retry_submission
from tests.support.fault_proxy import (
    answer_with,
    at_next_transaction,
    lose_response,
)
from tests.support.outbox import ONE_OF_EACH, Outbox, count_effects

pytestmark = pytest.mark.server


def test_a_held_submission_that_was_sent_is_looked_up_before_a_retry(outbox: Outbox) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.planned_faults = [at_next_transaction(lose_response), answer_with(400)]
    outbox.deliver_due()
    outbox.clock.advance(minutes=1)
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("held", "refused")
    with outbox.database.write() as tx:
        assert retry_submission(tx, str(submission.id))
    outbox.deliver_due()
    assert (
        outbox.read_state(submission)[0],
        outbox.proxy.count_transactions(),
        count_effects(outbox.direct_client, submission),
    ) == (
        "verified",
        1,
        ONE_OF_EACH,
    )


def test_a_submission_that_fails_alone_for_a_day_is_held(outbox: Outbox) -> None:
    bad = outbox.create_patient()
    outbox.proxy.default_fault = answer_with(503)
    submission = outbox.submit_example(bad)
    outbox.clock.advance(days=3)
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("waiting", "http-503")
    outbox.proxy.default_fault = lambda request, forward: (
        answer_with(500)(request, forward) if bad in request.path else forward(request)
    )
    for _ in range(3):
        outbox.clock.advance(hours=9)
        outbox.submit_example(outbox.create_patient())
        outbox.deliver_due()
    assert outbox.read_state(submission) == ("held", "fails-alone")


def test_a_conflict_in_every_attempt_waits_and_is_tried_again(outbox: Outbox) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.planned_faults = [at_next_transaction(answer_with(412))] * 3
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("waiting", "http-409")
    outbox.work_until_closed(submission)
    assert (outbox.read_state(submission)[0], count_effects(outbox.direct_client, submission)) == (
        "verified",
        ONE_OF_EACH,
    )
