"""A reviewer or the site's policy decides conflicts; drift is checked at night."""

from dataclasses import replace
from threading import Event
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from fhir_client.uscore.chart import chart_elements
from intake.answers import Answer, AnswerState, Informant, Submission
from intake.settings import ConflictPolicies, ConflictPolicy
from intake.store import audit
from intake.store.outbox import conflict_decisions
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision
from intake.store.outbox.counts import count_drifted
from intake.store.outbox.merge_base import MergeBase
from intake.store.outbox.records import list_records
from intake.store.outbox.retry import retry_submission
from intake.store.tables import submissions as table
from intake.worker import drift
from tests.support.fault_proxy import Fault, answer_with, at_next_batch, drop_request, pass_through
from tests.support.outbox import EXAMPLE_PATIENT, ONE_OF_EACH, WHITE_RACE, Outbox, count_effects

pytestmark = pytest.mark.server


def race_answer(*choices: str) -> Answer:
    return Answer(AnswerState.ANSWERED, choices)


def hold_conflicting(outbox: Outbox) -> Submission:
    """Store a submission with a conflict.

    A colleague changed the chart after the visit began.
    """
    patient = outbox.create_patient()
    submission = outbox.submit_example(
        patient, MergeBase(chart=chart_elements(outbox.direct_client.read(patient)))
    )
    outbox.edit_chart(patient, extension=[*EXAMPLE_PATIENT["extension"], WHITE_RACE])
    outbox.deliver_due()
    return submission


@pytest.mark.parametrize(
    ("take", "race"), [(ConflictChoice.PERSON, "2028-9"), (ConflictChoice.CHART, "2106-3")]
)
def test_a_reviewers_decision_is_written_and_the_answer_is_recorded(
    outbox: Outbox, take: ConflictChoice, race: str
) -> None:
    submission = hold_conflicting(outbox)
    assert outbox.read_state(submission) == ("held", "chart-changed")
    with outbox.database.write() as tx:
        [contest] = conflict_decisions.read_conflicts(tx, str(submission.id))
        assert (contest.element, contest.chart) == ("race", ("White [2106-3]",))
        assert conflict_decisions.decide_conflicts(
            tx, str(submission.id), {"race": ConflictDecision(take, contest.chart_key)}
        )
        assert not conflict_decisions.decide_conflicts(
            tx, str(submission.id), {"race": ConflictDecision(take, contest.chart_key)}
        )
    outbox.proxy.planned_faults = [at_next_batch(answer_with(503))]
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == ("verified", None)
    assert (
        chart_elements(outbox.direct_client.read(submission.patient))["race"][0]["extension"][0][
            "valueCoding"
        ]["code"]
        == race
    )
    assert count_effects(outbox.direct_client, submission) == ONE_OF_EACH


def test_no_policy_replaces_the_patients_own_answer(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    outbox.deliver_new(patient)
    person = replace(outbox.settings, merge=ConflictPolicies(race=ConflictPolicy.PERSON))
    outbox.settings = person
    submission = outbox.submit_example(
        patient, informant=Informant.CAREGIVER, answers={"race-ethnicity": race_answer("2106-3")}
    )
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("held", "chart-changed")
    chart = ConflictPolicies(race=ConflictPolicy.CHART, ethnicity=ConflictPolicy.CHART)
    outbox.settings = replace(person, merge=chart)
    with outbox.database.write() as tx:
        retry_submission(tx, str(submission.id))
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == ("verified", None)
    assert (
        chart_elements(outbox.direct_client.read(patient))["race"][0]["extension"][0][
            "valueCoding"
        ]["code"]
        != "2106-3"
    )


def test_a_decision_over_an_outdated_value_is_asked_again(outbox: Outbox) -> None:
    submission = hold_conflicting(outbox)
    with outbox.database.write() as tx:
        [contest] = conflict_decisions.read_conflicts(tx, str(submission.id))
        conflict_decisions.decide_conflicts(
            tx,
            str(submission.id),
            {"race": ConflictDecision(ConflictChoice.PERSON, contest.chart_key)},
        )
    black = {"url": WHITE_RACE["url"], "extension": [{"url": "text", "valueString": "Black"}]}
    outbox.edit_chart(submission.patient, extension=[*EXAMPLE_PATIENT["extension"], black])
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("held", "chart-changed")
    with outbox.database.read() as tx:
        assert conflict_decisions.read_conflicts(tx, str(submission.id))[0].chart == ("Black",)


@pytest.mark.parametrize(
    ("policy", "race"), [(ConflictPolicy.PERSON, "2028-9"), (ConflictPolicy.CHART, "2106-3")]
)
def test_a_policy_decides_without_a_reviewer(
    outbox: Outbox, policy: ConflictPolicy, race: str
) -> None:
    outbox.settings = replace(outbox.settings, merge=ConflictPolicies(race=policy))
    submission = hold_conflicting(outbox)
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == ("verified", None)
    assert (
        chart_elements(outbox.direct_client.read(submission.patient))["race"][0]["extension"][0][
            "valueCoding"
        ]["code"]
        == race
    )
    with outbox.database.read() as tx:
        assert [entry.who for entry in audit.entries_about(tx, str(submission.id))] == ["policy"]


def test_drift_lists_merged_and_changed_charts(outbox: Outbox) -> None:
    changed, merged, same, twice = (outbox.deliver_new(outbox.create_patient()) for _ in range(4))
    later = outbox.deliver_new(twice.patient, answers={"race-ethnicity": race_answer("2106-3")})
    outbox.clock.advance(days=1)
    outbox.edit_chart(changed.patient, extension=[WHITE_RACE])
    outbox.edit_chart(
        merged.patient,
        link=[{"type": "replaced-by", "other": {"reference": outbox.create_patient()}}],
    )
    drift.check_drift(outbox.server, outbox.database, outbox.clock, Event())
    assert [
        outbox.read_record(submission).drift for submission in (changed, merged, same, twice, later)
    ] == [
        "changed",
        "merged",
        None,
        None,
        None,
    ]
    request_count = len(outbox.proxy.requests)
    drift.check_drift(outbox.server, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.requests) == request_count
    with outbox.database.read() as tx:
        assert count_drifted(tx) == 2
        assert {row.id for row in list_records(tx, drifted=True)} == {
            str(changed.id),
            str(merged.id),
        }


def find_drift(outbox: Outbox, *all_submissions: Submission) -> list[str | None]:
    """Check for drift and return what was found."""
    drift.check_drift(outbox.server, outbox.database, outbox.clock, Event())
    return [outbox.read_record(submission).drift for submission in all_submissions]


def at_chart_of(submission: Submission, fault: Fault) -> Fault:
    """Apply the fault to reads of this chart."""
    return lambda request, forward: (
        fault if request.path.endswith(submission.patient) else pass_through
    )(request, forward)


@pytest.mark.parametrize("status", [400, 403, 409, 500, 503])
def test_an_unreadable_chart_does_not_stop_the_drift_check(outbox: Outbox, status: int) -> None:
    odd, changed = (outbox.deliver_new(outbox.create_patient()) for _ in range(2))
    outbox.edit_chart(changed.patient, extension=[WHITE_RACE])
    outbox.edit_chart(odd.patient, extension=[WHITE_RACE])
    outbox.clock.advance(days=1)
    assert find_drift(outbox, odd, changed) == ["changed", "changed"]
    outbox.clock.advance(days=1)
    outbox.edit_chart(
        changed.patient,
        link=[{"type": "replaced-by", "other": {"reference": outbox.create_patient()}}],
    )
    outbox.proxy.default_fault = at_chart_of(odd, answer_with(status))
    find_drift(outbox)
    # If the server asks for time, the next round starts at another chart. What was found before
    # stands.
    assert find_drift(outbox, odd, changed) == ["changed", "merged"]
    request_count = len(outbox.proxy.requests)
    find_drift(outbox)
    assert len(outbox.proxy.requests) == request_count


@pytest.mark.parametrize("fault", [drop_request, answer_with(401)], ids=["no answer", "401"])
def test_a_server_without_access_is_checked_in_the_next_round(outbox: Outbox, fault: Fault) -> None:
    changed = outbox.deliver_new(outbox.create_patient())
    outbox.edit_chart(changed.patient, extension=[WHITE_RACE])
    outbox.clock.advance(days=1)
    outbox.proxy.default_fault = fault
    assert find_drift(outbox, changed) == [None]
    outbox.proxy.default_fault = None
    assert find_drift(outbox, changed) == ["changed"]


def test_an_undecryptable_record_does_not_stop_the_drift_check(outbox: Outbox) -> None:
    sealed, changed = (outbox.deliver_new(outbox.create_patient()) for _ in range(2))
    outbox.edit_chart(changed.patient, extension=[WHITE_RACE])
    outbox.clock.advance(days=1)
    with outbox.database.write() as tx:
        tx.connection.execute(
            update(table)
            .where(table.c.id == str(sealed.id))
            .values(earlier=b"sealed with a lost key")
        )
    assert find_drift(outbox, sealed, changed) == [None, "changed"]


def test_drift_is_checked_only_in_the_servers_night(outbox: Outbox) -> None:
    """Two clinics never both sleep: the first one's clock decides."""
    first = outbox.settings.clinics["riverside"]
    far = replace(first, id="far", time_zone=ZoneInfo("Pacific/Honolulu"))
    settings = replace(outbox.settings, clinics={"riverside": first, "far": far})
    outbox.deliver_new(outbox.create_patient())
    outbox.clock.advance(days=1)
    request_count = len(outbox.proxy.requests)
    drift.check_drift_at_night(settings, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.requests) == request_count
    outbox.clock.advance(hours=16)
    drift.check_drift_at_night(settings, outbox.database, outbox.clock, Event())
    assert len(outbox.proxy.requests) == request_count + 1
