"""Where chart and person differ, a reviewer or the site's policy decides; and charts are looked at again at night."""

from dataclasses import replace
from threading import Event
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from fhir_client.uscore.patient import elements_of
from intake.answers import Answer, Informant, State, Submission
from intake.settings import Contested, MergePolicy
from intake.store import audit, deciding, submissions
from intake.store.deciding import Decision, Take
from intake.store.known import Known
from intake.store.tables import submissions as table
from intake.sync import drift
from tests.faults import Fault, answering, at_batch, dropped, passed
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
def test_a_reviewers_decision_is_carried_out_and_what_was_said_is_recorded(
    outbox: Outbox, take: Take, race: str
) -> None:
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
    assert (
        elements_of(outbox.real.read(sent.patient))["race"]["extension"][0]["valueCoding"]["code"]
        == race
    )
    assert effects(outbox.real, sent) == ONE


def test_no_policy_puts_another_word_in_the_place_of_the_patients_own(outbox: Outbox) -> None:
    patient = outbox.patient()
    written(outbox, patient)
    person = replace(outbox.settings, merge=MergePolicy(race=Contested.PERSON))
    outbox.settings = person
    sent = outbox.submit(
        patient, informant=Informant.CAREGIVER, answers={"race-ethnicity": answered("2106-3")}
    )
    outbox.work()
    assert outbox.state(sent) == ("held", "chart-changed")
    outbox.settings = replace(person, merge=MergePolicy(race=Contested.CHART))
    with outbox.database.write() as tx:
        submissions.retry(tx, str(sent.id))
    outbox.work_until_closed(sent)
    assert outbox.state(sent) == ("verified", None)
    assert (
        elements_of(outbox.real.read(patient))["race"]["extension"][0]["valueCoding"]["code"]
        != "2106-3"
    )


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


@pytest.mark.parametrize(
    ("policy", "race"), [(Contested.PERSON, "2028-9"), (Contested.CHART, "2106-3")]
)
def test_where_the_sites_policy_decides_nobody_is_asked(
    outbox: Outbox, policy: Contested, race: str
) -> None:
    outbox.settings = replace(outbox.settings, merge=MergePolicy(race=policy))
    sent = contested(outbox)
    outbox.work_until_closed(sent)
    assert outbox.state(sent) == ("verified", None)
    assert (
        elements_of(outbox.real.read(sent.patient))["race"]["extension"][0]["valueCoding"]["code"]
        == race
    )
    with outbox.database.read() as tx:
        assert [each.who for each in audit.about(tx, str(sent.id))] == ["policy"]


def test_the_nightly_look_lists_merged_and_changed_charts(outbox: Outbox) -> None:
    changed, merged, same, twice = (written(outbox, outbox.patient()) for _ in range(4))
    later = written(outbox, twice.patient, answers={"race-ethnicity": answered("2106-3")})
    outbox.clock.advance(days=1)
    outbox.edit(changed.patient, extension=[WHITE])
    outbox.edit(
        merged.patient, link=[{"type": "replaced-by", "other": {"reference": outbox.patient()}}]
    )
    drift.look(outbox.server, outbox.database, outbox.clock, Event())
    assert [outbox.row(each).drift for each in (changed, merged, same, twice, later)] == [
        "changed",
        "merged",
        None,
        None,
        None,
    ]
    asked = len(outbox.proxy.asked)
    drift.look(outbox.server, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.asked) == asked
    with outbox.database.read() as tx:
        assert submissions.drifted(tx) == 2
        assert {row.id for row in submissions.listing(tx, drifted=True)} == {
            str(changed.id),
            str(merged.id),
        }


def looked(outbox: Outbox, *rows: Submission) -> list[str | None]:
    """What the nightly look finds."""
    drift.look(outbox.server, outbox.database, outbox.clock, Event())
    return [outbox.row(each).drift for each in rows]


def at_chart_of(sent: Submission, fault: Fault) -> Fault:
    """The fault, for whoever asks for the chart."""
    return lambda asked, forward: (fault if asked.path.endswith(sent.patient) else passed)(
        asked, forward
    )


@pytest.mark.parametrize("status", [400, 403, 409, 500, 503])
def test_a_chart_that_cannot_be_read_keeps_no_other_from_being_looked_at(
    outbox: Outbox, status: int
) -> None:
    odd, changed = (written(outbox, outbox.patient()) for _ in range(2))
    outbox.edit(changed.patient, extension=[WHITE])
    outbox.edit(odd.patient, extension=[WHITE])
    outbox.clock.advance(days=1)
    assert looked(outbox, odd, changed) == ["changed", "changed"]
    outbox.clock.advance(days=1)
    outbox.edit(
        changed.patient, link=[{"type": "replaced-by", "other": {"reference": outbox.patient()}}]
    )
    outbox.proxy.always = at_chart_of(odd, answering(status))
    looked(outbox)
    # Where the server asked for time, the next minute goes on with another chart; what was found before stands.
    assert looked(outbox, odd, changed) == ["changed", "merged"]
    asked = len(outbox.proxy.asked)
    looked(outbox)
    assert len(outbox.proxy.asked) == asked


@pytest.mark.parametrize("fault", [dropped, answering(401)], ids=["no answer", "401"])
def test_a_server_that_lets_nobody_in_is_left_until_the_next_minute(
    outbox: Outbox, fault: Fault
) -> None:
    changed = written(outbox, outbox.patient())
    outbox.edit(changed.patient, extension=[WHITE])
    outbox.clock.advance(days=1)
    outbox.proxy.always = fault
    assert looked(outbox, changed) == [None]
    outbox.proxy.always = None
    assert looked(outbox, changed) == ["changed"]


def test_a_row_that_cannot_be_opened_keeps_no_other_from_being_looked_at(outbox: Outbox) -> None:
    sealed, changed = (written(outbox, outbox.patient()) for _ in range(2))
    outbox.edit(changed.patient, extension=[WHITE])
    outbox.clock.advance(days=1)
    with outbox.database.write() as tx:
        tx.connection.execute(
            update(table)
            .where(table.c.id == str(sealed.id))
            .values(earlier=b"sealed with a lost key")
        )
    assert looked(outbox, sealed, changed) == [None, "changed"]


def test_it_looks_only_in_the_servers_night(outbox: Outbox) -> None:
    """Two clinics that never both sleep: the first one's clock decides."""
    first = outbox.settings.clinics["riverside"]
    far = replace(first, id="far", time_zone=ZoneInfo("Pacific/Honolulu"))
    settings = replace(outbox.settings, clinics={"riverside": first, "far": far})
    written(outbox, outbox.patient())
    outbox.clock.advance(days=1)
    asked = len(outbox.proxy.asked)
    drift.look_at_night(settings, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.asked) == asked
    outbox.clock.advance(hours=16)
    drift.look_at_night(settings, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.asked) == asked + 1
