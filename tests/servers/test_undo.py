"""An undo restores the prior values once, and keeps what others wrote since."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from fhir_client.uscore.chart import chart_elements
from intake.store import audit
from intake.store.outbox import conflict_decisions, undo_requests
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision
from intake.store.outbox.discard import discard_submission
from intake.store.outbox.erasure import erase_expired
from intake.store.outbox.retry import retry_submission
from intake.store.outbox.undo_requests import UndoRequestResult
from intake.store.tables import strategies
from intake.store.tables import submissions as table
from tests.servers.partial_servers import is_write, offer_strategy
from tests.support.fault_proxy import (
    Fault,
    Forward,
    ProxyResponse,
    answer_with,
    at_next_transaction,
    lose_response,
    rewrite_entries,
    run_first,
)
from tests.support.fault_proxy import ProxyRequest as Request
from tests.support.outbox import EXAMPLE_PATIENT, WHITE_RACE, Outbox, chart_of_others

pytestmark = pytest.mark.server
GERMAN = {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "de"}]}}


def remove_pin(outbox: Outbox) -> None:
    """Remove the pin, so that the write strategy is negotiated again."""
    with outbox.database.write() as tx:
        tx.connection.execute(delete(strategies))


def test_the_prior_values_come_back_and_the_rest_is_marked_in_error(outbox: Outbox) -> None:
    patient = outbox.create_patient(extension=[*EXAMPLE_PATIENT["extension"], WHITE_RACE])
    before = outbox.read_chart(patient)
    submission = outbox.deliver_new(patient)
    assert outbox.read_chart(patient) != before
    assert outbox.deliver_undo(submission) == ("reversed", None)
    assert outbox.read_chart(patient) == before
    assert outbox.read_statuses(submission) == {"entered-in-error"}
    versions = outbox.count_versions(patient)
    assert outbox.request_undo(submission) is UndoRequestResult.ALREADY
    assert not outbox.deliver_due()
    assert outbox.count_versions(patient) == versions == 3
    with outbox.database.read() as tx:
        assert [entry.action for entry in audit.entries_about(tx, str(submission.id))] == [
            "submission-undone"
        ]


@pytest.mark.parametrize("status", [403, 405])
def test_an_undo_that_the_server_forbids_is_held_and_delays_nothing_else(
    outbox: Outbox, status: int
) -> None:
    patient = outbox.create_patient()
    submission = outbox.deliver_new(patient)
    forbidden = answer_with(status)

    def without_updates(request: Request, forward: Forward) -> ProxyResponse | None:
        return (
            forbidden(request, forward) if b"entered-in-error" in request.body else forward(request)
        )

    outbox.proxy.default_fault = without_updates
    assert outbox.deliver_undo(submission) == ("held", "refused")
    assert "the right to update Observation and QuestionnaireResponse" in str(
        outbox.read_record(submission).words
    )
    outbox.deliver_new(outbox.create_patient())
    outbox.proxy.default_fault = None
    with outbox.database.write() as tx:
        retry_submission(tx, str(submission.id))
    outbox.work_until_closed(submission)
    assert (outbox.read_state(submission), outbox.read_statuses(submission)) == (
        ("reversed", None),
        {"entered-in-error"},
    )


def test_what_others_wrote_beside_it_stays(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    submission = outbox.deliver_new(patient)
    chart = outbox.direct_client.read(patient)
    email = {"system": "email", "value": "lan@example.org"}
    outbox.edit_chart(
        patient, telecom=[*chart["telecom"], email], communication=[GERMAN, *chart["communication"]]
    )
    edited = outbox.direct_client.read(patient)
    assert outbox.deliver_undo(submission) == ("reversed", None)
    after_it = outbox.direct_client.read(patient)
    assert chart_of_others(after_it) == chart_of_others(edited)
    assert after_it["communication"] == [GERMAN, *EXAMPLE_PATIENT["communication"]]


def test_a_change_by_others_is_held_and_stays_if_a_reviewer_says_so(
    outbox: Outbox,
) -> None:
    patient = outbox.create_patient()
    submission = outbox.deliver_new(patient)
    chart = outbox.direct_client.read(patient)
    others = [
        extension
        for extension in chart["extension"]
        if not extension["url"].endswith("us-core-race")
    ]
    outbox.edit_chart(patient, extension=[*others, WHITE_RACE])
    edited = outbox.read_chart(patient)
    assert outbox.deliver_undo(submission) == ("held", "chart-changed")
    assert outbox.read_chart(patient) == edited
    assert outbox.read_statuses(submission) == {"final", "completed"}
    with outbox.database.write() as tx:
        [contest] = conflict_decisions.read_conflicts(tx, str(submission.id))
        assert (contest.element, contest.chart, contest.answer) == ("race", ("White [2106-3]",), ())
        assert not discard_submission(tx, str(submission.id))
        assert conflict_decisions.decide_conflicts(
            tx,
            str(submission.id),
            {"race": ConflictDecision(ConflictChoice.CHART, contest.chart_key)},
        )
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("reversed", None)
    after_it = chart_elements(outbox.direct_client.read(patient))
    assert after_it == {**chart_elements(EXAMPLE_PATIENT), "race": [WHITE_RACE]}
    assert outbox.read_statuses(submission) == {"entered-in-error"}


def test_a_stopped_undo_leaves_everything_as_before(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    submission = outbox.deliver_new(patient)
    outbox.edit_chart(patient, extension=[WHITE_RACE])
    assert outbox.deliver_undo(submission)[0] == "held"
    with outbox.database.write() as tx:
        assert undo_requests.cancel_undo(tx, str(submission.id))
        assert not undo_requests.cancel_undo(tx, str(submission.id))
    assert outbox.read_state(submission) == ("verified", None)
    assert not outbox.read_record(submission).undoing


@pytest.mark.parametrize(
    "fault", [lose_response, answer_with(503), answer_with(429)], ids=["lost", "503", "429"]
)
def test_an_undo_with_a_fault_is_done_once(outbox: Outbox, fault: Fault) -> None:
    patient = outbox.create_patient()
    before = outbox.read_chart(patient)
    submission = outbox.deliver_new(patient)
    outbox.proxy.planned_faults = [at_next_transaction(fault)]
    assert outbox.deliver_undo(submission) == ("reversed", None)
    assert (outbox.read_chart(patient), outbox.count_versions(patient)) == (before, 3)


def test_after_a_lost_answer_a_colleagues_same_value_stays(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    submission = outbox.deliver_new(patient)
    written_chart = outbox.direct_client.read(patient)
    outbox.proxy.planned_faults = [at_next_transaction(lose_response)]
    assert outbox.request_undo(submission) is UndoRequestResult.STARTED
    outbox.deliver_due()
    assert outbox.read_state(submission)[0] == "waiting"
    outbox.edit_chart(patient, extension=written_chart["extension"])
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == ("reversed", None)
    assert outbox.direct_client.read(patient)["extension"] == written_chart["extension"]


def test_a_colleague_who_writes_during_an_undo_is_not_overwritten(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    submission = outbox.deliver_new(patient)
    email = {"system": "email", "value": "lan@example.org"}

    def colleague(_: Request) -> None:
        outbox.edit_chart(patient, telecom=[email])

    outbox.proxy.planned_faults = [
        at_next_transaction(run_first(colleague, rewrite_entries(lambda _: None)))
    ]
    assert outbox.deliver_undo(submission) == ("reversed", None)
    assert outbox.direct_client.read(patient)["telecom"] == [email]
    assert chart_elements(outbox.direct_client.read(patient)) == chart_elements(EXAMPLE_PATIENT)


def test_undo_works_after_the_answers_are_erased_and_not_after_its_time(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    before = outbox.read_chart(patient)
    first, second = outbox.deliver_new(patient), outbox.deliver_new(outbox.create_patient())

    def days(number: int) -> None:
        outbox.clock.advance(days=number)
        with outbox.database.write() as tx:
            erase_expired(tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90))

    days(89)
    with outbox.database.read() as tx:
        assert (
            tx.connection.execute(table.select().where(table.c.id == str(first.id))).one().payload
            is None
        )
    assert outbox.deliver_undo(first) == ("reversed", None)
    assert outbox.read_chart(patient) == before
    days(2)
    assert outbox.request_undo(second) is UndoRequestResult.TOO_LATE


def test_a_submission_that_was_not_sent_or_is_open_is_not_undone(outbox: Outbox) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    assert outbox.request_undo(submission) is UndoRequestResult.STILL_DELIVERING
    outbox.edit_chart(submission.patient, active=False)
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("held", "patient")
    assert outbox.request_undo(submission) is UndoRequestResult.NOT_SENT


def test_an_undo_of_a_chart_that_was_merged_is_held(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    submission = outbox.deliver_new(patient)
    outbox.edit_chart(
        patient, link=[{"type": "replaced-by", "other": {"reference": outbox.create_patient()}}]
    )
    assert outbox.deliver_undo(submission) == ("held", "patient")
    assert outbox.read_statuses(submission) == {"final", "completed"}


@pytest.mark.parametrize("rung", ["patch", "put"])
@pytest.mark.parametrize("number", [1, 2, 6])
def test_an_interrupted_undo_without_transactions_goes_on(
    outbox: Outbox, rung: str, number: int
) -> None:
    remove_pin(outbox)
    patient = outbox.create_patient()
    before = outbox.read_chart(patient)
    outbox.proxy.default_fault = offer_strategy(rung)
    submission = outbox.deliver_new(patient)
    only, seen = offer_strategy(rung), [0]

    def broken(request: Any, forward: Any) -> Any:
        seen[0] += is_write(request)
        return (
            lose_response(request, forward)
            if is_write(request) and seen[0] == number
            else only(request, forward)
        )

    outbox.proxy.default_fault = broken
    assert outbox.deliver_undo(submission) == ("reversed", None)
    assert (outbox.read_chart(patient), outbox.count_versions(patient)) == (before, 3)
    assert outbox.read_statuses(submission) == {"entered-in-error"}


def test_what_a_person_typed_a_person_undoes(outbox: Outbox) -> None:
    remove_pin(outbox)
    outbox.proxy.default_fault = offer_strategy("document")
    submission = outbox.deliver_new(outbox.create_patient())
    assert outbox.deliver_undo(submission) == ("held", "by-hand")
    assert "only a person can take it back" in str(outbox.read_record(submission).words)
