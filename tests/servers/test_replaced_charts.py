"""A chart that another one replaces is followed to it, on its own server, in order, and no further than it names one."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fhir_client.errors import Refused
from fhir_client.uscore.patient import elements_of
from intake.answers import Answer, State
from intake.store import claims, submissions
from tests.faults import Answered, Asked, Forward, answering, at_batch
from tests.outbox import ONE, Outbox, effects

from .test_charts import earlier

pytestmark = pytest.mark.server
UNAVAILABLE = answering(503)


def test_a_followed_chart_is_read_back_there_after_a_restart(outbox: Outbox, make: str) -> None:
    patient = outbox.patient()
    # HAPI takes no reference with another address than its own.
    base = {"medplum": f"{outbox.proxy.base_url}/"}.get(make, "")
    link = [{"type": "replaced-by", "other": {"reference": f"{base}{patient}/_history/1"}}]
    sent = outbox.submit(outbox.patient(active=False, link=link))
    outbox.proxy.plan = [at_batch(UNAVAILABLE)]
    outbox.work()
    assert outbox.state(sent)[0] == "accepted"
    outbox.work_until_closed(sent)
    assert outbox.state(sent)[0] == "verified"
    assert elements_of(outbox.real.read(patient))["race"] is not None
    assert earlier(outbox).sent.patient == patient


def test_two_references_to_one_chart_never_go_at_once_and_the_later_word_stands(
    outbox: Outbox,
) -> None:
    patient = outbox.patient()
    old = outbox.patient(
        active=False, link=[{"type": "replaced-by", "other": {"reference": patient}}]
    )
    first, second = (
        outbox.submit(old),
        outbox.submit(patient, answers={"interpreter": Answer(State.ANSWERED, ("yes",))}),
    )
    outbox.work()
    # Which of them comes first is known only when the chart was read, and then the second is on its way already.
    assert [outbox.state(each)[0] for each in (first, second)] == ["queued", "verified"]
    outbox.work_until_closed(first)
    assert outbox.state(first)[0] == "verified"
    # The first declined an interpreter; the second said yes after it.
    assert effects(outbox.real, first) == {**ONE, "interpreter": 0}
    third, fourth = outbox.submit(old), outbox.submit(patient)
    with outbox.database.write() as tx:
        [claimed, _] = claims.claim(tx, "main", limit=2, lease=timedelta(minutes=1))
        assert not claims.follow(tx, claimed, patient)
    outbox.clock.advance(minutes=1)
    outbox.work()
    assert [outbox.state(each)[0] for each in (third, fourth)] == ["verified", "verified"]
    assert outbox.proxy.transactions() == 4


@pytest.mark.parametrize("named", [False, True], ids=["by a number", "by a relative"])
def test_a_chart_replaced_by_one_that_it_does_not_name_is_held(outbox: Outbox, named: bool) -> None:
    relative = outbox.real.create(
        {"resourceType": "RelatedPerson", "patient": {"reference": outbox.patient()}}
    )
    other = (
        {"reference": f"RelatedPerson/{relative['id']}"}
        if named
        else {"identifier": {"value": "7"}}
    )
    sent = outbox.submit(outbox.patient(link=[{"type": "replaced-by", "other": other}]))
    outbox.work()
    assert outbox.state(sent) == ("held", "patient")


def test_a_chart_replaced_by_one_on_another_server_is_held_for_the_same_id_here_is_another_person(
    outbox: Outbox, make: str
) -> None:
    somebody, inside = outbox.patient(), "https://inside.example/fhir/R4"
    link = [{"type": "replaced-by", "other": {"reference": f"{inside}/{somebody}"}}]
    if make != "medplum":
        # HAPI takes no reference to another server, so that no chart there has one.
        with pytest.raises(Refused):
            outbox.patient(active=False, link=link)
        return
    sent, again = (outbox.submit(outbox.patient(active=False, link=link)) for _ in range(2))
    outbox.work()
    assert outbox.state(sent) == outbox.state(again) == ("held", "patient")
    assert "another server" in str(outbox.row(sent).words)
    assert outbox.versions(somebody) == 1

    def behind_a_proxy(asked: Asked, forward: Forward) -> Answered:
        answer = forward(asked)
        known = {
            **json.loads(answer.body),
            "implementation": {"description": "ours", "url": inside},
        }
        return (
            replace(answer, body=json.dumps(known).encode())
            if asked.path.endswith("/metadata")
            else answer
        )

    # Unless that is the address by which the server knows itself.
    outbox.proxy.always = behind_a_proxy
    with outbox.database.write() as tx:
        submissions.retry(tx, str(again.id))
    outbox.work_until_closed(again)
    assert (outbox.state(again), outbox.versions(somebody)) == (("verified", None), 2)
