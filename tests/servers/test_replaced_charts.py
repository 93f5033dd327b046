"""A replaced chart is followed to its successor on the same server."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fhir_client.errors import RefusedError
from fhir_client.uscore.chart import chart_elements
from intake.answers import Answer, AnswerState
from intake.store.outbox import chart_assignment, leases
from intake.store.outbox.retry import retry_submission
from tests.support.fault_proxy import (
    Forward,
    ProxyRequest,
    ProxyResponse,
    answer_with,
    at_next_batch,
)
from tests.support.outbox import ONE_OF_EACH, Outbox, count_effects

pytestmark = pytest.mark.server
UNAVAILABLE = answer_with(503)


def test_a_followed_chart_is_read_back_there_after_a_restart(outbox: Outbox, make: str) -> None:
    patient = outbox.create_patient()
    # HAPI accepts no reference with another address than its own.
    base = {"medplum": f"{outbox.proxy.base_url}/"}.get(make, "")
    link = [{"type": "replaced-by", "other": {"reference": f"{base}{patient}/_history/1"}}]
    submission = outbox.submit_example(outbox.create_patient(active=False, link=link))
    outbox.proxy.planned_faults = [at_next_batch(UNAVAILABLE)]
    outbox.deliver_due()
    assert outbox.read_state(submission)[0] == "accepted"
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission)[0] == "verified"
    assert chart_elements(outbox.direct_client.read(patient))["race"]
    assert outbox.read_last_undo_record().sent.patient == patient


def test_two_references_to_one_chart_are_sent_in_turn_and_the_later_stands(
    outbox: Outbox,
) -> None:
    patient = outbox.create_patient()
    old = outbox.create_patient(
        active=False, link=[{"type": "replaced-by", "other": {"reference": patient}}]
    )
    first, second = (
        outbox.submit_example(old),
        outbox.submit_example(
            patient, answers={"interpreter": Answer(AnswerState.ANSWERED, ("yes",))}
        ),
    )
    outbox.deliver_due()
    # Which of them comes first is known only after the chart was read, and then the second is being
    # sent already.
    assert [outbox.read_state(submission)[0] for submission in (first, second)] == [
        "queued",
        "verified",
    ]
    outbox.work_until_closed(first)
    assert outbox.read_state(first)[0] == "verified"
    # The first declined an interpreter; the second answered yes after it.
    assert count_effects(outbox.direct_client, first) == {**ONE_OF_EACH, "interpreter": 0}
    third, fourth = outbox.submit_example(old), outbox.submit_example(patient)
    with outbox.database.write() as tx:
        [claimed, _] = leases.acquire_leases(tx, "main", limit=2, lease=timedelta(minutes=1))
        assert not chart_assignment.follow_merged_chart(tx, claimed, patient)
    outbox.clock.advance(minutes=1)
    outbox.deliver_due()
    assert [outbox.read_state(submission)[0] for submission in (third, fourth)] == [
        "verified",
        "verified",
    ]
    assert outbox.proxy.count_transactions() == 4


@pytest.mark.parametrize("named", [False, True], ids=["by a number", "by a relative"])
def test_a_chart_replaced_by_an_unnamed_one_is_held(outbox: Outbox, named: bool) -> None:
    relative = outbox.direct_client.create(
        {"resourceType": "RelatedPerson", "patient": {"reference": outbox.create_patient()}}
    )
    other = (
        {"reference": f"RelatedPerson/{relative['id']}"}
        if named
        else {"identifier": {"value": "7"}}
    )
    submission = outbox.submit_example(
        outbox.create_patient(link=[{"type": "replaced-by", "other": other}])
    )
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("held", "patient")


def test_a_chart_replaced_by_one_on_another_server_is_held(outbox: Outbox, make: str) -> None:
    somebody, inside = outbox.create_patient(), "https://inside.example/fhir/R4"
    link = [{"type": "replaced-by", "other": {"reference": f"{inside}/{somebody}"}}]
    if make != "medplum":
        # HAPI accepts no reference to another server, so no chart there has one.
        with pytest.raises(RefusedError):
            outbox.create_patient(active=False, link=link)
        return
    submission, again = (
        outbox.submit_example(outbox.create_patient(active=False, link=link)) for _ in range(2)
    )
    outbox.deliver_due()
    assert outbox.read_state(submission) == outbox.read_state(again) == ("held", "patient")
    assert "another server" in str(outbox.read_record(submission).words)
    assert outbox.count_versions(somebody) == 1

    def behind_a_proxy(request: ProxyRequest, forward: Forward) -> ProxyResponse:
        answer = forward(request)
        described = {
            **json.loads(answer.body),
            "implementation": {"description": "ours", "url": inside},
        }
        return (
            replace(answer, body=json.dumps(described).encode())
            if request.path.endswith("/metadata")
            else answer
        )

    # Unless that is the address by which the server knows itself.
    outbox.proxy.default_fault = behind_a_proxy
    with outbox.database.write() as tx:
        retry_submission(tx, str(again.id))
    outbox.work_until_closed(again)
    assert (outbox.read_state(again), outbox.count_versions(somebody)) == (("verified", None), 2)
