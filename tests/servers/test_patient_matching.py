"""Record number and birth date lead to the one chart that has both, or the answers are held."""

import logging
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from fhir_client.uscore.chart import chart_elements
from intake.answers import Answer, AnswerState, MatchCriteria, Submission
from intake.store import visits
from intake.store.outbox import leases, submissions, unmatched
from intake.store.outbox.merge_base import MergeBase
from intake.store.visits import MatchState, Visit
from intake.worker import patient_matching
from intake.worker.context import WorkerContext
from intake.worker.error_outcomes import PostponedError
from tests.support.fault_proxy import (
    Forward,
    ProxyRequest,
    ProxyResponse,
    answer_with,
    at_next_batch,
)
from tests.support.outbox import EXAMPLE_PATIENT, ONE_OF_EACH, Outbox, count_effects

pytestmark = pytest.mark.server
SYSTEM = "http://example.org/mrn"
BORN = date.fromisoformat(EXAMPLE_PATIENT["birthDate"])


def someone() -> MatchCriteria:
    """Return match criteria with a new record number."""
    return MatchCriteria(SYSTEM, uuid4().hex[:12].upper(), BORN)


def chart(outbox: Outbox, sought: MatchCriteria, **changes: Any) -> str:
    """Create a chart with that record number."""
    return outbox.create_patient(
        identifier=[{"system": sought.system, "value": sought.record_number}], **changes
    )


def said_by(outbox: Outbox, sought: MatchCriteria, **changes: Any) -> Submission:
    """Store the answers of a patient whom the desk entered by record number."""
    return outbox.submit_example(sought.reference, MergeBase(sought.birth_date), **changes)


def correct(outbox: Outbox, sent: Submission, sought: MatchCriteria) -> bool:
    with outbox.database.write() as tx:
        return unmatched.correct_criteria(tx, str(sent.id), sought)


def test_the_one_matching_chart_is_written_to(
    outbox: Outbox, caplog: pytest.LogCaptureFixture, make: str
) -> None:
    caplog.set_level(logging.INFO)
    sought = someone()
    patient = chart(outbox, sought)
    # A number of another clinic is another number.
    other = outbox.create_patient(
        identifier=[{"system": "http://example.org/other", "value": sought.record_number}]
    )
    sent = said_by(outbox, sought)
    outbox.deliver_due()
    assert outbox.read_state(sent) == ("verified", None)
    assert count_effects(outbox.direct_client, sent) == ONE_OF_EACH
    assert (
        chart_elements(outbox.direct_client.read(patient))["race"] == [],
        outbox.count_versions(other),
    ) == (
        False,
        1,
    )
    assert sought.record_number not in caplog.text
    # Nor is it in a URL, unless a server takes no search by POST, as Medplum's router does not.
    assert any(sought.record_number in each.path for each in outbox.proxy.requests) is (
        make == "medplum"
    )
    # Sent a second time as it was, it is known.
    with outbox.database.write() as tx:
        assert not submissions.store_submission(tx, sent, "main", None, MergeBase(BORN))


def test_a_retry_goes_on_with_the_chart_that_was_matched(outbox: Outbox) -> None:
    sought = someone()
    patient = chart(outbox, sought)
    sent = said_by(outbox, sought)
    outbox.proxy.planned_faults = [at_next_batch(answer_with(503))]
    outbox.deliver_due()
    assert outbox.read_state(sent)[0] == "accepted"
    # The record number goes to another patient after the first attempt.
    outbox.edit_chart(patient, identifier=[])
    chart(outbox, sought)
    outbox.work_until_closed(sent)
    assert outbox.read_state(sent) == ("verified", None)
    assert count_effects(outbox.direct_client, sent) == ONE_OF_EACH


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("nobody", "No chart in use has this record number."),
        ("born", "The chart of this record number has another date of birth, or no whole one."),
        ("two", "More than one chart has this record number and date of birth."),
        ("closed", "No chart in use has this record number."),
    ],
)
def test_without_exactly_one_match_nothing_is_written_until_corrected(
    outbox: Outbox, why: str, words: str
) -> None:
    sought, right = someone(), someone()
    wrong: list[dict[str, Any]] = {
        "nobody": list[Any](),
        "born": [{"birthDate": "1980-02-28"}],
        "two": [{}, {}],
        "closed": [{"active": False}],
    }[why]
    charts = [chart(outbox, sought, **changes) for changes in wrong]
    sent = said_by(outbox, sought)
    outbox.deliver_due()
    assert outbox.read_state(sent) == ("held", "unmatched")
    row = outbox.read_record(sent)
    assert row.words is not None
    assert row.words.startswith(words)
    assert not {sought.record_number, str(BORN)} & set(row.words.split())
    assert [outbox.count_versions(each) for each in charts] == [1] * len(charts)
    with outbox.database.read() as tx:
        [lost] = unmatched.list_unmatched(tx, sent.clinic)
    assert (lost.id, lost.sought, lost.words) == (str(sent.id), sought, row.words)
    patient = chart(outbox, right, birthDate="1979-12-31")
    assert correct(outbox, sent, MatchCriteria(SYSTEM, right.record_number, date(1979, 12, 31)))
    assert not correct(outbox, sent, right)
    outbox.deliver_due()
    assert outbox.read_state(sent) == ("verified", None)
    assert chart_elements(outbox.direct_client.read(patient))["race"]
    assert count_effects(outbox.direct_client, sent) == ONE_OF_EACH


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, "unmatched"), (403, "refused"), (404, "refused"), (405, "refused"), (501, "refused")],
)
def test_a_server_that_searches_no_record_numbers_is_not_paused(
    outbox: Outbox, status: int, reason: str
) -> None:
    sought = someone()
    chart(outbox, sought)
    other, sent = outbox.submit_example(outbox.create_patient()), said_by(outbox, sought)

    def unable(asked: ProxyRequest, forward: Forward) -> ProxyResponse:
        searches = "/Patient?" in asked.path or asked.path.endswith("/Patient/_search")
        return ProxyResponse(status, {}, b"") if searches else forward(asked)

    outbox.proxy.default_fault = unable
    outbox.deliver_due()
    assert [outbox.read_state(each) for each in (other, sent)] == [
        ("verified", None),
        ("held", reason),
    ]
    outbox.proxy.default_fault = None
    with outbox.database.write() as tx:
        assert submissions.retry_submission(tx, str(sent.id))
    outbox.deliver_due()
    assert outbox.read_state(sent) == ("verified", None)


def test_a_later_answer_is_not_overwritten_by_a_late_match(outbox: Outbox) -> None:
    """The first submission is held over a wrong number. The patient answers again; then the desk
    corrects the number.
    """
    sought, wrong = someone(), someone()
    patient = chart(outbox, sought)
    asian, white = (
        Answer(AnswerState.ANSWERED, ("2028-9",)),
        Answer(AnswerState.ANSWERED, ("2106-3",)),
    )
    spanish, vietnamese = (
        Answer(AnswerState.ANSWERED, ("es",)),
        Answer(AnswerState.ANSWERED, ("vi",)),
    )
    first = said_by(
        outbox,
        wrong,
        answers={
            "race-ethnicity": asian,
            "spoken-language": vietnamese,
            "written-language": vietnamese,
        },
    )
    outbox.deliver_due()
    assert outbox.read_state(first) == ("held", "unmatched")
    second = outbox.submit_example(
        patient, answers={"race-ethnicity": white, "written-language": spanish}
    )
    outbox.deliver_due()
    assert outbox.read_state(second) == ("verified", None)
    assert correct(outbox, first, sought)
    outbox.deliver_due()
    assert outbox.read_state(first) == ("verified", None)
    held = outbox.direct_client.read(patient)
    assert "2106-3" in str(chart_elements(held)["race"])
    assert "2028-9" not in str(chart_elements(held)["race"])
    # Of the first submission only what the second does not answer is left.
    assert count_effects(outbox.direct_client, first) == {
        **dict.fromkeys(ONE_OF_EACH, 0),
        "QuestionnaireResponse": 1,
        "spoken-language": 1,
        "Provenance": 1,
    }
    codes = {
        each["code"] for entry in held["communication"] for each in entry["language"]["coding"]
    }
    assert {"es", "vi"} <= codes


def test_a_submission_that_another_worker_sends_is_not_overwritten(outbox: Outbox) -> None:
    """The newer submission is being sent when the older one's chart is found.

    The older one waits, and then writes only what is left of it.
    """
    sought = someone()
    patient = chart(outbox, sought)
    asian, white = (
        Answer(AnswerState.ANSWERED, ("2028-9",)),
        Answer(AnswerState.ANSWERED, ("2106-3",)),
    )
    first = said_by(
        outbox,
        sought,
        answers={"race-ethnicity": asian, "interpreter": Answer(AnswerState.ANSWERED, ("yes",))},
    )
    second = outbox.submit_example(patient, answers={"race-ethnicity": white})
    with outbox.database.write() as tx:
        mine, other = leases.acquire_leases(tx, "main", limit=2, lease=timedelta(minutes=30))
        leases.release_lease(tx, mine, until=tx.now)
    outbox.deliver_due()
    assert outbox.read_state(first) == ("queued", None)
    with outbox.database.write() as tx:
        leases.release_lease(tx, other, until=tx.now)
    outbox.deliver_due()
    assert [outbox.read_state(each)[0] for each in (first, second)] == ["queued", "verified"]
    outbox.clock.advance(minutes=1)
    outbox.deliver_due()
    assert outbox.read_state(first) == ("verified", None)
    held = chart_elements(outbox.direct_client.read(patient))
    assert "2106-3" in str(held["race"])
    assert "2028-9" not in str(held["race"])
    assert [each["valueBoolean"] for each in held["interpreter"]] == [True]


def test_a_submission_behind_another_searches_less_and_less_often(outbox: Outbox) -> None:
    sought = someone()
    outbox.submit_example(chart(outbox, sought))
    said_by(outbox, sought)
    bench = WorkerContext(
        outbox.settings,
        outbox.server,
        outbox.database,
        outbox.direct_client,
        pytest.fail,
        outbox.clock,
        lambda: 0.5,
    )
    waits: list[float] = []
    for _ in range(4):
        with outbox.database.write() as tx:
            older, mine = leases.acquire_leases(tx, "main", limit=2, lease=timedelta(minutes=5))
        with pytest.raises(PostponedError) as behind:
            patient_matching.resolve_patient(bench, mine)
        waits.append(behind.value.delay.total_seconds())
        with outbox.database.write() as tx:
            for each in (older, mine):
                leases.release_lease(tx, each, until=tx.now)
    assert waits == [1.5, 3, 6, 12]


def test_a_patient_registered_later_is_found_by_the_same_number(outbox: Outbox) -> None:
    sought = someone()
    sent = said_by(outbox, sought)
    outbox.deliver_due()
    chart(outbox, sought)
    assert correct(outbox, sent, sought)
    outbox.deliver_due()
    assert outbox.read_state(sent) == ("verified", None)


def test_of_merged_charts_the_last_one_matches(outbox: Outbox) -> None:
    sought = someone()
    patient = chart(outbox, sought)
    chart(
        outbox,
        sought,
        active=False,
        link=[{"type": "replaced-by", "other": {"reference": patient}}],
    )
    sent = said_by(outbox, sought)
    outbox.deliver_due()
    assert outbox.read_state(sent) == ("verified", None)
    assert chart_elements(outbox.direct_client.read(patient))["race"]


def test_two_submissions_of_one_chart_keep_their_order_under_any_name(
    outbox: Outbox,
) -> None:
    sought = someone()
    patient = chart(outbox, sought)
    first = said_by(outbox, sought)
    second = outbox.submit_example(
        patient, answers={"interpreter": Answer(AnswerState.ANSWERED, ("yes",))}
    )
    outbox.deliver_due()
    for each in (first, second):
        outbox.work_until_closed(each)
    assert [outbox.read_state(each) for each in (first, second)] == [("verified", None)] * 2
    held = outbox.direct_client.read(patient)
    assert [each["valueBoolean"] for each in chart_elements(held)["interpreter"]] == [True]


def let_in(outbox: Outbox, sought: MatchCriteria) -> str:
    """Put the patient on the clinic's list, as the desk does."""
    clinic = next(iter(outbox.settings.clinics.values()))
    visit = Visit(
        str(uuid4()),
        clinic.id,
        "main",
        sought.reference,
        outbox.clock(),
        birth_date=BORN,
        sought=MatchState.NEW,
    )
    with outbox.database.write() as tx:
        visits.save_visit(tx, visit)
    return visit.id


def listed(outbox: Outbox, visit: str) -> Visit:
    with outbox.database.read() as tx:
        found = visits.find_visit(tx, visit)
    assert found is not None
    return found


def test_the_desk_sees_names_and_mistakes_before_anyone_answers(outbox: Outbox) -> None:
    known, unknown = someone(), someone()
    patient = chart(outbox, known)
    mine, nobodys = let_in(outbox, known), let_in(outbox, unknown)
    assert patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW
    )
    found = listed(outbox, mine)
    assert (found.name, found.patient, found.sought) == ("Lan Nguyen", patient, MatchState.FOUND)
    assert found.base == chart_elements(outbox.direct_client.read(patient))
    missed = listed(outbox, nobodys)
    assert (missed.sought, missed.fault) == (
        MatchState.NONE,
        "No chart in use has this record number.",
    )
    # The patient was registered since, and the worker looks again.
    chart(outbox, unknown)
    assert patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW, MatchState.NONE
    )
    assert (listed(outbox, nobodys).name, listed(outbox, nobodys).fault) == ("Lan Nguyen", "")


def test_a_failing_server_leaves_the_matching_for_later(outbox: Outbox) -> None:
    visit, other = let_in(outbox, someone()), let_in(outbox, someone())
    outbox.proxy.planned_faults = [answer_with(503)]
    assert not patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW
    )
    # One search that fails alone does not stop the others.
    assert {listed(outbox, each).sought for each in (visit, other)} == {
        MatchState.NEW,
        MatchState.NONE,
    }
    again = [replace(listed(outbox, each), sought=MatchState.NEW) for each in (visit, other)]
    with outbox.database.write() as tx:
        for each in again:
            visits.save_visit(tx, each)
    outbox.proxy.default_fault = answer_with(503)
    assert not patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW
    )
    assert {listed(outbox, each).sought for each in (visit, other)} == {MatchState.NEW}
    # The worker looks after hours too, but not for ever for a patient who is never registered.
    outbox.proxy.default_fault = None
    outbox.clock.advance(hours=3)
    assert patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW
    )
    assert {listed(outbox, each).sought for each in (visit, other)} == {MatchState.NONE}
    asked = len(outbox.proxy.requests)
    assert patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW, MatchState.NONE
    )
    assert len(outbox.proxy.requests) == asked
