"""A reviewer or the site's policy decides conflicts, and charts are checked for drift at night."""

from dataclasses import replace
from threading import Event
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from fhir_client.uscore.chart import chart_elements
from intake.answers import Answer, AnswerState, Informant, Submission
from intake.settings import ConflictPolicy, MergePolicy
from intake.store import audit
from intake.store.outbox import conflict_decisions, submissions
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision
from intake.store.outbox.merge_base import MergeBase
from intake.store.tables import submissions as table
from intake.worker import drift
from tests.servers.test_chart_merge import WHITE
from tests.servers.test_undo import written
from tests.support.fault_proxy import Fault, answer_with, at_next_batch, drop_request, pass_through
from tests.support.outbox import EXAMPLE_PATIENT, ONE_OF_EACH, Outbox, count_effects

pytestmark = pytest.mark.server


def answered(*choices: str) -> Answer:
    return Answer(AnswerState.ANSWERED, choices)


def contested(outbox: Outbox) -> Submission:
    """Store a submission with a conflict: a colleague changed the chart after the visit began."""
    patient = outbox.create_patient()
    sent = outbox.submit_example(
        patient, MergeBase(chart=chart_elements(outbox.direct_client.read(patient)))
    )
    outbox.edit_chart(patient, extension=[*EXAMPLE_PATIENT["extension"], WHITE])
    outbox.deliver_due()
    return sent


@pytest.mark.parametrize(
    ("take", "race"), [(ConflictChoice.PERSON, "2028-9"), (ConflictChoice.CHART, "2106-3")]
)
def test_a_reviewers_decision_is_written_and_the_answer_is_recorded(
    outbox: Outbox, take: ConflictChoice, race: str
) -> None:
    sent = contested(outbox)
    assert outbox.read_state(sent) == ("held", "chart-changed")
    with outbox.database.write() as tx:
        [contest] = conflict_decisions.read_conflicts(tx, str(sent.id))
        assert (contest.element, contest.chart) == ("race", ("White",))
        assert conflict_decisions.decide_conflicts(
            tx, str(sent.id), {"race": ConflictDecision(take, contest.over)}
        )
        assert not conflict_decisions.decide_conflicts(
            tx, str(sent.id), {"race": ConflictDecision(take, contest.over)}
        )
    outbox.proxy.planned_faults = [at_next_batch(answer_with(503))]
    outbox.work_until_closed(sent)
    assert outbox.read_state(sent) == ("verified", None)
    assert (
        chart_elements(outbox.direct_client.read(sent.patient))["race"][0]["extension"][0][
            "valueCoding"
        ]["code"]
        == race
    )
    assert count_effects(outbox.direct_client, sent) == ONE_OF_EACH


def test_no_policy_replaces_the_patients_own_answer(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    written(outbox, patient)
    person = replace(outbox.settings, merge=MergePolicy(race=ConflictPolicy.PERSON))
    outbox.settings = person
    sent = outbox.submit_example(
        patient, informant=Informant.CAREGIVER, answers={"race-ethnicity": answered("2106-3")}
    )
    outbox.deliver_due()
    assert outbox.read_state(sent) == ("held", "chart-changed")
    outbox.settings = replace(person, merge=MergePolicy(race=ConflictPolicy.CHART))
    with outbox.database.write() as tx:
        submissions.retry_submission(tx, str(sent.id))
    outbox.work_until_closed(sent)
    assert outbox.read_state(sent) == ("verified", None)
    assert (
        chart_elements(outbox.direct_client.read(patient))["race"][0]["extension"][0][
            "valueCoding"
        ]["code"]
        != "2106-3"
    )


def test_a_decision_over_an_outdated_value_is_asked_again(outbox: Outbox) -> None:
    sent = contested(outbox)
    with outbox.database.write() as tx:
        [contest] = conflict_decisions.read_conflicts(tx, str(sent.id))
        conflict_decisions.decide_conflicts(
            tx, str(sent.id), {"race": ConflictDecision(ConflictChoice.PERSON, contest.over)}
        )
    black = {"url": WHITE["url"], "extension": [{"url": "text", "valueString": "Black"}]}
    outbox.edit_chart(sent.patient, extension=[*EXAMPLE_PATIENT["extension"], black])
    outbox.deliver_due()
    assert outbox.read_state(sent) == ("held", "chart-changed")
    with outbox.database.read() as tx:
        assert conflict_decisions.read_conflicts(tx, str(sent.id))[0].chart == ("Black",)


@pytest.mark.parametrize(
    ("policy", "race"), [(ConflictPolicy.PERSON, "2028-9"), (ConflictPolicy.CHART, "2106-3")]
)
def test_a_policy_decides_without_a_reviewer(
    outbox: Outbox, policy: ConflictPolicy, race: str
) -> None:
    outbox.settings = replace(outbox.settings, merge=MergePolicy(race=policy))
    sent = contested(outbox)
    outbox.work_until_closed(sent)
    assert outbox.read_state(sent) == ("verified", None)
    assert (
        chart_elements(outbox.direct_client.read(sent.patient))["race"][0]["extension"][0][
            "valueCoding"
        ]["code"]
        == race
    )
    with outbox.database.read() as tx:
        assert [each.who for each in audit.entries_about(tx, str(sent.id))] == ["policy"]


def test_drift_lists_merged_and_changed_charts(outbox: Outbox) -> None:
    changed, merged, same, twice = (written(outbox, outbox.create_patient()) for _ in range(4))
    later = written(outbox, twice.patient, answers={"race-ethnicity": answered("2106-3")})
    outbox.clock.advance(days=1)
    outbox.edit_chart(changed.patient, extension=[WHITE])
    outbox.edit_chart(
        merged.patient,
        link=[{"type": "replaced-by", "other": {"reference": outbox.create_patient()}}],
    )
    drift.check_drift(outbox.server, outbox.database, outbox.clock, Event())
    assert [outbox.read_record(each).drift for each in (changed, merged, same, twice, later)] == [
        "changed",
        "merged",
        None,
        None,
        None,
    ]
    asked = len(outbox.proxy.requests)
    drift.check_drift(outbox.server, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.requests) == asked
    with outbox.database.read() as tx:
        assert submissions.count_drifted(tx) == 2
        assert {row.id for row in submissions.list_records(tx, drifted=True)} == {
            str(changed.id),
            str(merged.id),
        }


def looked(outbox: Outbox, *rows: Submission) -> list[str | None]:
    """Check for drift and return what was found."""
    drift.check_drift(outbox.server, outbox.database, outbox.clock, Event())
    return [outbox.read_record(each).drift for each in rows]


def at_chart_of(sent: Submission, fault: Fault) -> Fault:
    """Apply the fault to reads of this chart."""
    return lambda asked, forward: (fault if asked.path.endswith(sent.patient) else pass_through)(
        asked, forward
    )


@pytest.mark.parametrize("status", [400, 403, 409, 500, 503])
def test_an_unreadable_chart_does_not_stop_the_drift_check(outbox: Outbox, status: int) -> None:
    odd, changed = (written(outbox, outbox.create_patient()) for _ in range(2))
    outbox.edit_chart(changed.patient, extension=[WHITE])
    outbox.edit_chart(odd.patient, extension=[WHITE])
    outbox.clock.advance(days=1)
    assert looked(outbox, odd, changed) == ["changed", "changed"]
    outbox.clock.advance(days=1)
    outbox.edit_chart(
        changed.patient,
        link=[{"type": "replaced-by", "other": {"reference": outbox.create_patient()}}],
    )
    outbox.proxy.default_fault = at_chart_of(odd, answer_with(status))
    looked(outbox)
    # If the server asks for time, the next round starts at another chart. What was found before
    # stands.
    assert looked(outbox, odd, changed) == ["changed", "merged"]
    asked = len(outbox.proxy.requests)
    looked(outbox)
    assert len(outbox.proxy.requests) == asked


@pytest.mark.parametrize("fault", [drop_request, answer_with(401)], ids=["no answer", "401"])
def test_a_server_without_access_is_checked_in_the_next_round(outbox: Outbox, fault: Fault) -> None:
    changed = written(outbox, outbox.create_patient())
    outbox.edit_chart(changed.patient, extension=[WHITE])
    outbox.clock.advance(days=1)
    outbox.proxy.default_fault = fault
    assert looked(outbox, changed) == [None]
    outbox.proxy.default_fault = None
    assert looked(outbox, changed) == ["changed"]


def test_an_undecryptable_record_does_not_stop_the_drift_check(outbox: Outbox) -> None:
    sealed, changed = (written(outbox, outbox.create_patient()) for _ in range(2))
    outbox.edit_chart(changed.patient, extension=[WHITE])
    outbox.clock.advance(days=1)
    with outbox.database.write() as tx:
        tx.connection.execute(
            update(table)
            .where(table.c.id == str(sealed.id))
            .values(earlier=b"sealed with a lost key")
        )
    assert looked(outbox, sealed, changed) == [None, "changed"]


def test_drift_is_checked_only_in_the_servers_night(outbox: Outbox) -> None:
    """Two clinics never both sleep: the first one's clock decides."""
    first = outbox.settings.clinics["riverside"]
    far = replace(first, id="far", time_zone=ZoneInfo("Pacific/Honolulu"))
    settings = replace(outbox.settings, clinics={"riverside": first, "far": far})
    written(outbox, outbox.create_patient())
    outbox.clock.advance(days=1)
    asked = len(outbox.proxy.requests)
    drift.check_drift_at_night(settings, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.requests) == asked
    outbox.clock.advance(hours=16)
    drift.check_drift_at_night(settings, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.requests) == asked + 1
