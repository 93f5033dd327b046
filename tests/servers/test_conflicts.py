"""Where chart and person differ, a reviewer or the site's policy decides; and charts are looked at again at night."""

from dataclasses import replace
from threading import Event

import pytest

from fhir_client.uscore.patient import elements_of
from intake.answers import Answer, Informant, State, Submission
from intake.settings import Contested, MergePolicy
from intake.store import audit, deciding, submissions
from intake.store.deciding import Decision, Take
from intake.store.known import Known
from intake.sync import drift
from tests.faults import answering, at_batch
from tests.outbox import ONE, PATIENT, Outbox, effects

from .test_charts import WHITE
from .test_undo import written

pytestmark = pytest.mark.server


def answered(*choices: str) -> Answer:
    return Answer(State.ANSWERED, choices)


def contested(outbox: Outbox) -> Submission:
    """A submission over which the chart differs, because somebody changed it after the visit began."""
    patient = outbox.patient()
    sent = outbox.submit(patient, Known(chart=elements_of(outbox.real.read(patient))))
    outbox.edit(patient, extension=[*PATIENT["extension"], WHITE])
    outbox.work()
    return sent


@pytest.mark.parametrize(("take", "race"), [(Take.PERSON, "2028-9"), (Take.CHART, "2106-3")])
def test_a_reviewers_decision_is_carried_out_and_what_was_said_is_recorded(outbox: Outbox, take: Take, race: str) -> None:
    sent = contested(outbox)
    assert outbox.state(sent) == ("held", "chart-changed")
    with outbox.database.write() as tx:
        [contest] = deciding.contests(tx, str(sent.id))
        assert (contest.element, contest.chart) == ("race", ("White",))
        assert deciding.decide(tx, str(sent.id), {"race": Decision(take, contest.over)})
        assert not deciding.decide(tx, str(sent.id), {"race": Decision(take, contest.over)})
    outbox.proxy.plan = [at_batch(answering(503))]
    outbox.work_until_closed(sent)
    assert outbox.state(sent) == ("verified", None)
    assert elements_of(outbox.real.read(sent.patient))["race"]["extension"][0]["valueCoding"]["code"] == race
    assert effects(outbox.real, sent) == ONE


def test_no_policy_puts_another_word_in_the_place_of_the_patients_own(outbox: Outbox) -> None:
    patient = outbox.patient()
    written(outbox, patient)
    person = replace(outbox.settings, merge=MergePolicy(race=Contested.PERSON))
    outbox.settings = person
    sent = outbox.submit(patient, informant=Informant.CAREGIVER, answers={"race-ethnicity": answered("2106-3")})
    outbox.work()
    assert outbox.state(sent) == ("held", "chart-changed")
    outbox.settings = replace(person, merge=MergePolicy(race=Contested.CHART))
    with outbox.database.write() as tx:
        submissions.retry(tx, str(sent.id))
    outbox.work_until_closed(sent)
    assert outbox.state(sent) == ("verified", None)
    assert elements_of(outbox.real.read(patient))["race"]["extension"][0]["valueCoding"]["code"] != "2106-3"


def test_a_decision_over_a_value_that_is_another_by_now_is_asked_again(outbox: Outbox) -> None:
    sent = contested(outbox)
    with outbox.database.write() as tx:
        [contest] = deciding.contests(tx, str(sent.id))
        deciding.decide(tx, str(sent.id), {"race": Decision(Take.PERSON, contest.over)})
    black = {"url": WHITE["url"], "extension": [{"url": "text", "valueString": "Black"}]}
    outbox.edit(sent.patient, extension=[*PATIENT["extension"], black])
    outbox.work()
    assert outbox.state(sent) == ("held", "chart-changed")
    with outbox.database.read() as tx:
        assert deciding.contests(tx, str(sent.id))[0].chart == ("Black",)


@pytest.mark.parametrize(("policy", "race"), [(Contested.PERSON, "2028-9"), (Contested.CHART, "2106-3")])
def test_where_the_sites_policy_decides_nobody_is_asked(outbox: Outbox, policy: Contested, race: str) -> None:
    outbox.settings = replace(outbox.settings, merge=MergePolicy(race=policy))
    sent = contested(outbox)
    outbox.work_until_closed(sent)
    assert outbox.state(sent) == ("verified", None)
    assert elements_of(outbox.real.read(sent.patient))["race"]["extension"][0]["valueCoding"]["code"] == race
    with outbox.database.read() as tx:
        assert [each.who for each in audit.about(tx, str(sent.id))] == ["policy"]


def test_the_nightly_look_lists_merged_and_changed_charts(outbox: Outbox) -> None:
    changed, merged, same, twice = (written(outbox, outbox.patient()) for _ in range(4))
    later = written(outbox, twice.patient, answers={"race-ethnicity": answered("2106-3")})
    outbox.clock.advance(days=1)
    outbox.edit(changed.patient, extension=[WHITE])
    outbox.edit(merged.patient, link=[{"type": "replaced-by", "other": {"reference": outbox.patient()}}])
    drift.look(outbox.server, outbox.database, outbox.clock, Event())
    assert [outbox.row(each).drift for each in (changed, merged, same, twice, later)] == ["changed", "merged", None, None, None]
    asked = len(outbox.proxy.asked)
    drift.look(outbox.server, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.asked) == asked
    with outbox.database.read() as tx:
        assert submissions.drifted(tx) == 2
        assert {row.id for row in submissions.listing(tx, drifted=True)} == {str(changed.id), str(merged.id)}


def test_it_looks_only_while_the_clinics_sleep(outbox: Outbox) -> None:
    written(outbox, outbox.patient())
    outbox.clock.advance(days=1)
    asked = len(outbox.proxy.asked)
    drift.look_at_night(outbox.settings, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.asked) == asked
    outbox.clock.advance(hours=16)
    drift.look_at_night(outbox.settings, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.asked) == asked + 1
