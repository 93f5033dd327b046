"""An undo at a real server restores the prior values once, and keeps what others wrote since."""

from datetime import timedelta
from typing import Any
from uuid import uuid5

import pytest
from sqlalchemy import delete

from fhir_client.uscore.chart import chart_elements
from intake.answers import Answer, AnswerState, Submission
from intake.store import audit
from intake.store.outbox import conflict_decisions, submissions, undo_requests
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision
from intake.store.outbox.undo_requests import UndoRequestResult
from intake.store.tables import strategies
from intake.store.tables import submissions as table
from tests.servers.partial_servers import is_write, offer_strategy
from tests.servers.test_chart_merge import WHITE
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
from tests.support.outbox import EXAMPLE_PATIENT, Outbox, chart_of_others

pytestmark = pytest.mark.server
GERMAN = {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "de"}]}}
ELEMENTS = ("race", "ethnicity", "spoken-language", "interpreter")


def ask(outbox: Outbox, sent: Submission) -> UndoRequestResult:
    with outbox.database.write() as tx:
        return undo_requests.request_undo(tx, str(sent.id))


def written(outbox: Outbox, patient: str, **changes: Any) -> Submission:
    """Deliver a submission."""
    sent = outbox.submit_example(patient, **changes)
    outbox.work_until_closed(sent)
    assert outbox.read_state(sent) == ("verified", None)
    return sent


def undone(outbox: Outbox, sent: Submission) -> tuple[str, str | None]:
    assert ask(outbox, sent) is UndoRequestResult.STARTED
    outbox.work_until_closed(sent)
    return outbox.read_state(sent)


def unpinned(outbox: Outbox) -> None:
    """Remove the pin, so that the write strategy is negotiated again."""
    with outbox.database.write() as tx:
        tx.connection.execute(delete(strategies))


def statuses(outbox: Outbox, sent: Submission) -> set[str]:
    """Return the status of everything that a submission left on the server."""
    of = {
        "QuestionnaireResponse": [sent.id],
        "Observation": [uuid5(sent.id, each) for each in ELEMENTS],
    }
    return {
        each["status"]
        for kind, ids in of.items()
        for identity in ids
        for each in outbox.direct_client.search(
            kind, {"identifier": f"urn:ietf:rfc:3986|{identity.urn}"}
        )
    }


def chart(outbox: Outbox, patient: str) -> dict[str, Any]:
    held = outbox.direct_client.read(patient)
    return {name: each for name, each in held.items() if name != "meta"}


def test_the_prior_values_come_back_and_the_rest_is_marked_in_error(outbox: Outbox) -> None:
    patient = outbox.create_patient(extension=[*EXAMPLE_PATIENT["extension"], WHITE])
    before = chart(outbox, patient)
    sent = written(outbox, patient)
    assert chart(outbox, patient) != before
    assert undone(outbox, sent) == ("reversed", None)
    assert chart(outbox, patient) == before
    assert statuses(outbox, sent) == {"entered-in-error"}
    versions = outbox.count_versions(patient)
    assert ask(outbox, sent) is UndoRequestResult.ALREADY
    assert not outbox.deliver_due()
    assert outbox.count_versions(patient) == versions == 3
    with outbox.database.read() as tx:
        assert [each.action for each in audit.entries_about(tx, str(sent.id))] == [
            "submission-undone"
        ]


@pytest.mark.parametrize("status", [403, 405])
def test_an_undo_that_the_server_forbids_is_held_and_delays_nothing_else(
    outbox: Outbox, status: int
) -> None:
    patient = outbox.create_patient()
    sent = written(outbox, patient)
    forbidden = answer_with(status)

    def without_updates(asked: Request, forward: Forward) -> ProxyResponse | None:
        return forbidden(asked, forward) if b"entered-in-error" in asked.body else forward(asked)

    outbox.proxy.default_fault = without_updates
    assert undone(outbox, sent) == ("held", "refused")
    assert "update of Observation and QuestionnaireResponse" in str(outbox.read_record(sent).words)
    written(outbox, outbox.create_patient())
    outbox.proxy.default_fault = None
    with outbox.database.write() as tx:
        submissions.retry_submission(tx, str(sent.id))
    outbox.work_until_closed(sent)
    assert (outbox.read_state(sent), statuses(outbox, sent)) == (
        ("reversed", None),
        {"entered-in-error"},
    )


def test_what_others_wrote_beside_it_stays(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    sent = written(outbox, patient)
    held = outbox.direct_client.read(patient)
    email = {"system": "email", "value": "lan@example.org"}
    outbox.edit_chart(
        patient, telecom=[*held["telecom"], email], communication=[GERMAN, *held["communication"]]
    )
    edited = outbox.direct_client.read(patient)
    assert undone(outbox, sent) == ("reversed", None)
    after_it = outbox.direct_client.read(patient)
    assert chart_of_others(after_it) == chart_of_others(edited)
    assert after_it["communication"] == [GERMAN, *EXAMPLE_PATIENT["communication"]]


def test_a_change_by_others_is_held_and_stays_if_a_reviewer_says_so(
    outbox: Outbox,
) -> None:
    patient = outbox.create_patient()
    sent = written(outbox, patient)
    held = outbox.direct_client.read(patient)
    others = [each for each in held["extension"] if not each["url"].endswith("us-core-race")]
    outbox.edit_chart(patient, extension=[*others, WHITE])
    edited = chart(outbox, patient)
    assert undone(outbox, sent) == ("held", "chart-changed")
    assert chart(outbox, patient) == edited
    assert statuses(outbox, sent) == {"final", "completed"}
    with outbox.database.write() as tx:
        [contest] = conflict_decisions.read_conflicts(tx, str(sent.id))
        assert (contest.element, contest.chart, contest.said) == ("race", ("White",), ())
        assert not submissions.discard_submission(tx, str(sent.id))
        assert conflict_decisions.decide_conflicts(
            tx, str(sent.id), {"race": ConflictDecision(ConflictChoice.CHART, contest.over)}
        )
    outbox.deliver_due()
    assert outbox.read_state(sent) == ("reversed", None)
    after_it = chart_elements(outbox.direct_client.read(patient))
    assert after_it == {**chart_elements(EXAMPLE_PATIENT), "race": [WHITE]}
    assert statuses(outbox, sent) == {"entered-in-error"}


def test_a_stopped_undo_leaves_everything_as_before(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    sent = written(outbox, patient)
    outbox.edit_chart(patient, extension=[WHITE])
    assert undone(outbox, sent)[0] == "held"
    with outbox.database.write() as tx:
        assert undo_requests.cancel_undo(tx, str(sent.id))
        assert not undo_requests.cancel_undo(tx, str(sent.id))
    assert outbox.read_state(sent) == ("verified", None)
    assert not outbox.read_record(sent).undoing


@pytest.mark.parametrize(
    "fault", [lose_response, answer_with(503), answer_with(429)], ids=["lost", "503", "429"]
)
def test_an_undo_with_a_fault_is_done_once(outbox: Outbox, fault: Fault) -> None:
    patient = outbox.create_patient()
    before = chart(outbox, patient)
    sent = written(outbox, patient)
    outbox.proxy.planned_faults = [at_next_transaction(fault)]
    assert undone(outbox, sent) == ("reversed", None)
    assert (chart(outbox, patient), outbox.count_versions(patient)) == (before, 3)


def test_after_a_lost_answer_a_colleagues_same_value_stays(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    sent = written(outbox, patient)
    ours = outbox.direct_client.read(patient)
    outbox.proxy.planned_faults = [at_next_transaction(lose_response)]
    assert ask(outbox, sent) is UndoRequestResult.STARTED
    outbox.deliver_due()
    assert outbox.read_state(sent)[0] == "waiting"
    outbox.edit_chart(patient, extension=ours["extension"])
    outbox.work_until_closed(sent)
    assert outbox.read_state(sent) == ("reversed", None)
    assert outbox.direct_client.read(patient)["extension"] == ours["extension"]


def test_a_colleague_who_writes_during_an_undo_is_not_overwritten(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    sent = written(outbox, patient)
    email = {"system": "email", "value": "lan@example.org"}

    def colleague(_: Request) -> None:
        outbox.edit_chart(patient, telecom=[email])

    outbox.proxy.planned_faults = [
        at_next_transaction(run_first(colleague, rewrite_entries(lambda _: None)))
    ]
    assert undone(outbox, sent) == ("reversed", None)
    assert outbox.direct_client.read(patient)["telecom"] == [email]
    assert chart_elements(outbox.direct_client.read(patient)) == chart_elements(EXAMPLE_PATIENT)


def test_undo_works_after_the_answers_are_erased_and_not_after_its_time(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    before = chart(outbox, patient)
    first, second = written(outbox, patient), written(outbox, outbox.create_patient())

    def days(number: int) -> None:
        outbox.clock.advance(days=number)
        with outbox.database.write() as tx:
            submissions.erase_expired(
                tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90)
            )

    days(89)
    with outbox.database.read() as tx:
        assert (
            tx.connection.execute(table.select().where(table.c.id == str(first.id))).one().payload
            is None
        )
    assert undone(outbox, first) == ("reversed", None)
    assert chart(outbox, patient) == before
    days(2)
    assert ask(outbox, second) is UndoRequestResult.TOO_LATE


def test_a_submission_that_was_not_sent_or_is_open_is_not_undone(outbox: Outbox) -> None:
    sent = outbox.submit_example(outbox.create_patient())
    assert ask(outbox, sent) is UndoRequestResult.STILL_DELIVERING
    outbox.edit_chart(sent.patient, active=False)
    outbox.deliver_due()
    assert outbox.read_state(sent) == ("held", "patient")
    assert ask(outbox, sent) is UndoRequestResult.NOT_SENT


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_later_submission_stays_and_its_undo_restores_the_first_values(
    outbox: Outbox, newest_first: bool
) -> None:
    patient = outbox.create_patient()
    before = chart(outbox, patient)
    first = written(outbox, patient)
    second = written(
        outbox, patient, answers={"race-ethnicity": Answer(AnswerState.ANSWERED, ("2106-3",))}
    )
    now = chart_elements(outbox.direct_client.read(patient))
    if newest_first:
        assert undone(outbox, second) == ("reversed", None)
        assert undone(outbox, first) == ("reversed", None)
    else:
        assert undone(outbox, first) == ("reversed", None)
        assert chart_elements(outbox.direct_client.read(patient))["race"] == now["race"]
        assert (
            chart_elements(outbox.direct_client.read(patient))["communication"]
            == before["communication"]
        )
        assert statuses(outbox, second) == {"final", "completed"}
        assert undone(outbox, second) == ("reversed", None)
    assert chart(outbox, patient) == before


def test_a_later_submission_with_the_same_answer_stays(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    before = chart(outbox, patient)
    first, second = written(outbox, patient), written(outbox, patient)
    said = chart(outbox, patient)
    assert undone(outbox, first) == ("reversed", None)
    assert chart(outbox, patient) == said
    assert undone(outbox, second) == ("reversed", None)
    assert chart(outbox, patient) == before


@pytest.mark.parametrize("discarded", [True, False])
def test_a_later_submission_that_was_refused_keeps_nothing_in_the_chart(
    outbox: Outbox, discarded: bool
) -> None:
    patient = outbox.create_patient()
    before = chart(outbox, patient)
    first = written(outbox, patient)
    outbox.proxy.planned_faults = [at_next_transaction(answer_with(422))]
    second = outbox.submit_example(patient)
    outbox.deliver_due()
    assert outbox.read_state(second) == ("held", "refused")
    assert outbox.read_record(second).sent_at is not None
    if discarded:
        with outbox.database.write() as tx:
            assert submissions.discard_submission(tx, str(second.id))
    assert undone(outbox, first) == ("reversed", None)
    assert chart(outbox, patient) == before
    assert statuses(outbox, first) == {"entered-in-error"}


def test_an_undo_of_a_chart_that_was_merged_is_held(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    sent = written(outbox, patient)
    outbox.edit_chart(
        patient, link=[{"type": "replaced-by", "other": {"reference": outbox.create_patient()}}]
    )
    assert undone(outbox, sent) == ("held", "patient")
    assert statuses(outbox, sent) == {"final", "completed"}


@pytest.mark.parametrize("rung", ["patch", "put"])
@pytest.mark.parametrize("number", [1, 2, 6])
def test_an_interrupted_undo_without_transactions_goes_on(
    outbox: Outbox, rung: str, number: int
) -> None:
    unpinned(outbox)
    patient = outbox.create_patient()
    before = chart(outbox, patient)
    outbox.proxy.default_fault = offer_strategy(rung)
    sent = written(outbox, patient)
    only, seen = offer_strategy(rung), [0]

    def broken(asked: Any, forward: Any) -> Any:
        seen[0] += is_write(asked)
        return (
            lose_response(asked, forward)
            if is_write(asked) and seen[0] == number
            else only(asked, forward)
        )

    outbox.proxy.default_fault = broken
    assert undone(outbox, sent) == ("reversed", None)
    assert (chart(outbox, patient), outbox.count_versions(patient)) == (before, 3)
    assert statuses(outbox, sent) == {"entered-in-error"}


def test_what_a_person_typed_a_person_undoes(outbox: Outbox) -> None:
    unpinned(outbox)
    outbox.proxy.default_fault = offer_strategy("document")
    sent = written(outbox, outbox.create_patient())
    assert undone(outbox, sent) == ("held", "by-hand")
    assert "only a person can take it back" in str(outbox.read_record(sent).words)
