"""With each fault a submission is sent once, accepted once and verified once."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from intake.store.outbox import delivery_steps, leases
from intake.store.outbox.undo_records import WriteTarget
from intake.worker.undo_records import decode_prior_values
from tests.support.fault_proxy import (
    Forward,
    ProxyRequest,
    ProxyResponse,
    answer_entries_with,
    answer_with,
    at_next_batch,
    at_next_transaction,
    cut_response,
    find_nothing,
    lose_response,
    on_transactions,
    run_first,
    send_twice,
)
from tests.support.outbox import ONE_OF_EACH, Outbox, count_effects

pytestmark = pytest.mark.server
UNAVAILABLE = answer_with(503)


class Killed(BaseException):
    """Ends the worker's process here."""


def kill(_: ProxyRequest) -> None:
    raise Killed


def test_an_accepted_submission_stays_accepted_while_the_read_back_fails(outbox: Outbox) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.planned_faults = [at_next_batch(UNAVAILABLE)]
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("accepted", "http-503")
    outbox.work_until_closed(submission)
    assert (
        outbox.read_state(submission)[0],
        outbox.proxy.count_transactions(),
        count_effects(outbox.direct_client, submission),
    ) == (
        "verified",
        1,
        ONE_OF_EACH,
    )


@pytest.mark.parametrize("fault", [lose_response, cut_response])
def test_the_undo_record_is_stored_even_if_the_answer_was_lost(outbox: Outbox, fault: Any) -> None:
    patient = outbox.create_patient()
    before = outbox.direct_client.read(patient)
    submission = outbox.submit_example(patient)
    outbox.proxy.planned_faults = [at_next_transaction(fault)]
    outbox.deliver_due()
    assert outbox.read_state(submission)[0] == "waiting"
    outbox.work_until_closed(submission)
    undo_record = outbox.read_last_undo_record()
    assert (outbox.read_state(submission)[0], undo_record.sent) == (
        "verified",
        WriteTarget(patient, before["meta"]["versionId"]),
    )
    were = {
        part.chart_part: tuple(change.before for change in part.value_changes)
        for part in decode_prior_values(undo_record).parts
    }
    assert were == {
        "race": (None,),
        "ethnicity": (None,),
        "communication": (before["communication"][0], None, None),
    }
    assert count_effects(outbox.direct_client, submission) == ONE_OF_EACH
    assert outbox.count_versions(patient) == 2


@pytest.mark.parametrize("step", ["record_sending", "mark_accepted", "mark_verified"])
def test_a_worker_killed_at_any_step_leaves_one_effect(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    with monkeypatch.context() as patch:
        patch.setattr(delivery_steps, step, lambda *_, **__: kill(_[0]))
        with pytest.raises(Killed):
            outbox.deliver_due()
    assert outbox.read_record(submission).sending
    assert not outbox.deliver_due()
    outbox.work_until_closed(submission)
    assert (
        outbox.read_state(submission)[0],
        outbox.proxy.count_transactions(),
        count_effects(outbox.direct_client, submission),
    ) == (
        "verified",
        1,
        ONE_OF_EACH,
    )


def test_a_worker_that_lost_its_lease_sends_nothing(outbox: Outbox) -> None:
    submission = outbox.submit_example(outbox.create_patient())

    def somebody_else_takes_it(_: ProxyRequest) -> None:
        outbox.clock.advance(hours=1)
        with outbox.database.write() as tx:
            assert leases.acquire_leases(tx, "main", limit=1, lease=timedelta(hours=1))

    outbox.proxy.planned_faults = [run_first(somebody_else_takes_it)]
    outbox.deliver_due()
    assert (outbox.read_state(submission)[0], outbox.proxy.count_transactions()) == ("queued", 0)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("503 Service Unavailable", ("accepted", "http-503")),
        ("429", ("accepted", "http-429")),
        ("403", ("accepted", "http-403")),
        ("400", ("held", "refused")),
    ],
)
@pytest.mark.parametrize("where", ["Patient/", "Observation?", "Provenance?"])
def test_failing_entries_of_the_read_back_wait_or_hold(
    outbox: Outbox, status: str, where: str, expected: tuple[str, str]
) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.default_fault = answer_entries_with(status, where)
    outbox.deliver_due()
    assert outbox.read_state(submission) == expected
    outbox.proxy.default_fault = None
    if expected[0] == "accepted":
        outbox.work_until_closed(submission)
        assert outbox.read_state(submission)[0] == "verified"


def test_a_chart_that_the_read_back_does_not_find_is_held(outbox: Outbox) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.default_fault = answer_entries_with("404", "Patient/")
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("held", "mismatch")


@pytest.mark.parametrize("where", ["Observation?", "Provenance?"])
@pytest.mark.parametrize("comes", [True, False])
def test_a_resource_the_search_lacks_is_looked_for_again_then_missing(
    outbox: Outbox, where: str, comes: bool
) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.default_fault = answer_entries_with("404", where)
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("accepted", "not-shown")
    outbox.proxy.default_fault = None if comes else outbox.proxy.default_fault
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == (("verified", None) if comes else ("held", "mismatch"))
    row = outbox.read_record(submission)
    assert (
        row.held_at is None
        or row.accepted_at is None
        or row.held_at - row.accepted_at >= timedelta(minutes=10)
    )
    assert count_effects(outbox.direct_client, submission) == ONE_OF_EACH


def test_nothing_is_sent_again_before_the_search_can_show_it(outbox: Outbox) -> None:
    """A server such as AWS HealthLake, whose index is behind.

    A search that comes too early finds nothing, and a second write would create a duplicate.
    """
    slow = {
        "generic": replace(
            outbox.settings.quirks["generic"], search_lag_seconds=120, conditional_create=False
        )
    }
    outbox.settings = replace(outbox.settings, quirks={**outbox.settings.quirks, **slow})
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.planned_faults = [at_next_transaction(lose_response)]
    outbox.deliver_due()
    began = outbox.clock()

    def behind(request: ProxyRequest, forward: Forward) -> ProxyResponse:
        late = "identifier=" in request.path and outbox.clock() - began < timedelta(seconds=100)
        return find_nothing(request, forward) if late else forward(request)

    outbox.proxy.default_fault = behind
    for _ in range(12):
        outbox.clock.advance(seconds=15)
        outbox.deliver_due()
    assert outbox.read_state(submission) == ("verified", None), outbox.read_record(submission)
    assert count_effects(outbox.direct_client, submission) == ONE_OF_EACH


def test_a_reference_to_nothing_holds_the_submission_or_is_accepted(
    outbox: Outbox, make: str
) -> None:
    submission = outbox.submit_example(
        outbox.create_patient(), encounter="Encounter/none-of-this-name"
    )
    outbox.deliver_due()
    # HAPI answers 400 and writes nothing. Medplum accepts it.
    assert outbox.read_state(submission) == (
        ("verified", None) if make == "medplum" else ("held", "refused")
    )
    assert sum(count_effects(outbox.direct_client, submission).values()) == (
        len(ONE_OF_EACH) if make == "medplum" else 0
    )


def test_a_server_without_history_is_still_read_back(outbox: Outbox) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.default_fault = answer_entries_with("405", "_history")
    outbox.deliver_due()
    assert outbox.read_state(submission)[0] == "verified"


def test_a_refusal_that_looks_like_a_batch_response_is_tried_again(outbox: Outbox) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    stale = {
        "resourceType": "Bundle",
        "type": "batch-response",
        "entry": [{"response": {"status": "412 Precondition Failed"}}],
    }
    outbox.proxy.planned_faults = [
        at_next_transaction(answer_with(200, json.dumps(stale).encode()))
    ]
    outbox.deliver_due()
    assert (
        outbox.read_state(submission)[0],
        outbox.proxy.count_transactions(),
        count_effects(outbox.direct_client, submission),
    ) == (
        "verified",
        2,
        ONE_OF_EACH,
    )


def test_a_request_sent_twice_by_a_proxy_leaves_one_provenance(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    first = outbox.submit_example(patient)
    outbox.deliver_due()
    # The chart holds the answers already, so no If-Match guards the second transaction.
    again = outbox.submit_example(patient)
    outbox.proxy.default_fault = on_transactions(send_twice)
    outbox.deliver_due()
    assert [outbox.read_state(submission)[0] for submission in (first, again)] == [
        "verified",
        "verified",
    ]
    assert (
        count_effects(outbox.direct_client, again)
        == count_effects(outbox.direct_client, first)
        == ONE_OF_EACH
    )
