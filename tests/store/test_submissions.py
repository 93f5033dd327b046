"""The outbox: nothing lost, nothing twice, in order per patient, and a lost lease never overrun."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from intake.answers import Answer, AnswerState, Channel, Informant, Submission
from intake.store.crypto import Cipher
from intake.store.database import Database, Tx
from intake.store.outbox import leases, submissions
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.submissions import DifferentContentError, Status
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from intake.store.tables import submissions as table

LEASE = timedelta(minutes=5)


def make_submission(patient: str = "Patient/1", words: str = "Mixteco bajo") -> Submission:
    return Submission(
        id=uuid4(),
        clinic="riverside",
        patient=patient,
        answered_at=datetime(2026, 11, 23, 10, tzinfo=UTC),
        informant=Informant.SELF,
        channel=Channel.KIOSK,
        question_set="spd15-2024",
        question_set_version="1.0.0",
        locale="es",
        notice="2026-11",
        answers={"spoken-language": Answer(AnswerState.ANSWERED, (), {"own-words": words})},
    )


def store_submissions(database: Database, *sent: Submission) -> None:
    for each in sent:
        with database.write() as tx:
            assert submissions.store_submission(tx, each, "main")


def acquire_leases(
    database: Database, limit: int = 10, server: str = "main"
) -> tuple[LeasedSubmission, ...]:
    with database.write() as tx:
        return leases.acquire_leases(tx, server, limit=limit, lease=LEASE)


def record_acceptance(tx: Tx, claimed: LeasedSubmission, values: str = "{}") -> bool:
    return leases.record_sending(
        tx, claimed, UndoRecord(WriteTarget("Patient/1", "7"), values), LEASE
    ) and leases.mark_accepted(tx, claimed)


def run_in_transaction(database: Database, act: Callable[[Tx], bool]) -> bool:
    with database.write() as tx:
        return act(tx)


def read_record(database: Database, sent: Submission) -> submissions.SubmissionRecord:
    with database.read() as tx:
        found = submissions.find_record(tx, str(sent.id))
    assert found is not None
    return found


def test_the_same_content_again_is_no_second_submission(database: Database) -> None:
    sent = make_submission()
    store_submissions(database, sent)
    assert not run_in_transaction(
        database, lambda tx: submissions.store_submission(tx, sent, "main")
    )
    with database.read() as tx:
        assert len(submissions.list_records(tx)) == 1


def test_other_content_under_a_known_id_is_refused(database: Database) -> None:
    sent = make_submission()
    store_submissions(database, sent)
    with pytest.raises(DifferentContentError, match=str(sent.id)):
        run_in_transaction(
            database,
            lambda tx: submissions.store_submission(tx, replace(sent, locale="en"), "main"),
        )
    assert acquire_leases(database)[0].submission == sent


def test_what_comes_out_is_what_went_in(database: Database) -> None:
    sent = make_submission()
    store_submissions(database, sent)
    [claimed] = acquire_leases(database)
    assert claimed.submission == sent
    assert claimed.last_target is None


def test_oldest_first_and_only_this_servers(database: Database, clock: object) -> None:
    first, second = make_submission("Patient/1"), make_submission("Patient/2")
    store_submissions(database, first, second)
    with database.write() as tx:
        submissions.store_submission(tx, make_submission("Patient/3"), "other")
    assert [each.submission for each in acquire_leases(database)] == [first, second]


def test_one_in_flight_per_patient_in_order(database: Database) -> None:
    first, second, other = (
        make_submission("Patient/1"),
        make_submission("Patient/1"),
        make_submission("Patient/2"),
    )
    store_submissions(database, first, second, other)
    mine = acquire_leases(database)
    assert [each.submission for each in mine] == [first, other]
    assert acquire_leases(database) == ()
    run_in_transaction(database, lambda tx: leases.mark_verified(tx, mine[0]))
    assert [each.submission for each in acquire_leases(database)] == [second]


def test_a_waiting_one_blocks_the_later_ones_of_its_patient(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    first, second = make_submission("Patient/1"), make_submission("Patient/1")
    store_submissions(database, first, second)
    [claimed] = acquire_leases(database)
    until = clock() + timedelta(minutes=1)
    run_in_transaction(
        database,
        lambda tx: leases.schedule_retry(
            tx, claimed, until=until, reason="http-503", words="Later."
        ),
    )
    assert acquire_leases(database) == ()
    clock.advance(minutes=1)
    [again] = acquire_leases(database)
    assert (again.submission, again.record.attempts) == (first, 1)


def test_a_held_one_does_not_block_the_later_ones(database: Database) -> None:
    first, second = make_submission("Patient/1"), make_submission("Patient/1")
    store_submissions(database, first, second)
    [claimed] = acquire_leases(database)
    run_in_transaction(
        database,
        lambda tx: leases.hold_submission(
            tx, claimed, reason="refused", words="Look.", detail="said: Mixteco"
        ),
    )
    assert [each.submission for each in acquire_leases(database)] == [second]
    with database.read() as tx:
        assert submissions.read_detail(tx, str(first.id)) == "said: Mixteco"


def test_an_expired_lease_goes_to_the_next_and_the_old_one_is_refused(  # type: ignore[no-untyped-def]
    database: Database, clock
) -> None:
    sent = make_submission()
    store_submissions(database, sent)
    [old] = acquire_leases(database)
    clock.advance(minutes=6)
    [new] = acquire_leases(database)
    assert not run_in_transaction(
        database,
        lambda tx: leases.record_sending(
            tx, old, UndoRecord(WriteTarget("Patient/1", "7"), "{}"), LEASE
        ),
    )
    assert not run_in_transaction(database, lambda tx: leases.mark_accepted(tx, old))
    assert not run_in_transaction(database, lambda tx: leases.renew_lease(tx, old, LEASE))
    assert not run_in_transaction(database, lambda tx: leases.mark_verified(tx, old))
    assert not run_in_transaction(
        database, lambda tx: leases.hold_submission(tx, old, reason="x", words="x")
    )
    assert run_in_transaction(database, lambda tx: leases.mark_verified(tx, new))
    assert read_record(database, sent).status is Status.VERIFIED


def test_accepted_is_not_verified_and_stays_accepted_while_it_waits(  # type: ignore[no-untyped-def]
    database: Database, clock
) -> None:
    sent = make_submission()
    store_submissions(database, sent)
    [claimed] = acquire_leases(database)
    run_in_transaction(database, lambda tx: record_acceptance(tx, claimed, '{"race":null}'))
    assert read_record(database, sent).status is Status.ACCEPTED
    clock.advance(minutes=6)
    [again] = acquire_leases(database)
    run_in_transaction(
        database,
        lambda tx: leases.schedule_retry(
            tx, again, until=clock(), reason="http-503", words="Later."
        ),
    )
    assert read_record(database, sent).status is Status.ACCEPTED
    [last] = acquire_leases(database)
    run_in_transaction(database, lambda tx: leases.mark_verified(tx, last))
    found = read_record(database, sent)
    assert (found.status, found.verified_at, found.words) == (Status.VERIFIED, clock(), None)


def test_retry_sends_a_held_row_again(database: Database) -> None:
    sent = make_submission()
    store_submissions(database, sent)
    [claimed] = acquire_leases(database)
    run_in_transaction(
        database, lambda tx: leases.hold_submission(tx, claimed, reason="refused", words="Look.")
    )
    assert run_in_transaction(database, lambda tx: submissions.retry_submission(tx, str(sent.id)))
    assert not run_in_transaction(
        database, lambda tx: submissions.retry_submission(tx, str(sent.id))
    )
    [again] = acquire_leases(database)
    assert again.last_target is None


def test_discarding_forgets_the_answers(database: Database) -> None:
    sent = make_submission()
    store_submissions(database, sent)
    [claimed] = acquire_leases(database)
    assert not run_in_transaction(
        database, lambda tx: submissions.discard_submission(tx, str(sent.id))
    )
    run_in_transaction(
        database, lambda tx: leases.hold_submission(tx, claimed, reason="refused", words="Look.")
    )
    assert run_in_transaction(database, lambda tx: submissions.discard_submission(tx, str(sent.id)))
    with database.read() as tx:
        assert tx.connection.execute(table.select()).one().payload is None


def test_answers_and_earlier_values_are_erased_in_their_time(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    store_submissions(database, make_submission())
    [claimed] = acquire_leases(database)
    run_in_transaction(database, lambda tx: record_acceptance(tx, claimed, '{"race":null}'))
    run_in_transaction(database, lambda tx: leases.mark_verified(tx, claimed))

    def held() -> tuple[bool, bool]:
        with database.write() as tx:
            submissions.erase_expired(
                tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90)
            )
        with database.read() as tx:
            found = tx.connection.execute(table.select()).one()
            return found.payload is not None, found.earlier is not None

    seen = [held()]
    for days in (31, 60):
        clock.advance(days=days)
        seen.append(held())
    assert seen == [(True, True), (False, True), (False, False)]


def test_earlier_values_are_kept_sealed_for_undo(database: Database) -> None:
    store_submissions(database, make_submission())
    [claimed] = acquire_leases(database)
    run_in_transaction(
        database, lambda tx: record_acceptance(tx, claimed, '{"race":{"text":"White"}}')
    )
    with database.read() as tx:
        sealed = tx.connection.execute(table.select()).one().earlier
        assert b"White" not in sealed
        held = json.loads(tx.cipher.decrypt(sealed, claimed.record.id))
    assert held == {
        "sent": {"patient": "Patient/1", "version": "7"},
        "values": '{"race":{"text":"White"}}',
    }


def test_counts_show_every_state(database: Database) -> None:
    store_submissions(database, make_submission(), make_submission("Patient/2"))
    run_in_transaction(
        database,
        lambda tx: leases.mark_verified(
            tx, leases.acquire_leases(tx, "main", limit=1, lease=LEASE)[0]
        ),
    )
    with database.read() as tx:
        counts = submissions.count_by_status(tx)
        assert set(counts) == set(Status)
        assert (counts[Status.QUEUED], counts[Status.VERIFIED], counts[Status.HELD]) == (1, 1, 0)
        assert submissions.oldest_waiting(tx) == tx.now
        assert submissions.last_verified(tx) == tx.now


def test_what_was_told_is_read_in_parts_while_its_words_are_kept(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    sent = [make_submission(f"Patient/{number}") for number in range(5)]
    store_submissions(database, *sent)
    [first, second] = acquire_leases(database, 2)
    with database.write() as tx:
        assert record_acceptance(tx, first)
        leases.mark_verified(tx, first)
        leases.hold_submission(tx, second, reason="refused", words="No.")
        assert submissions.discard_submission(tx, second.record.id)
    with database.read() as tx:
        part = submissions.list_captured(tx, after=0, limit=2)
        rest = submissions.list_captured(tx, after=part[-1].number, limit=9)
    assert [each.submission for each in (*part, *rest)] == [sent[0], *sent[2:]]
    assert [each.verified for each in (*part, *rest)] == [True, False, False, False]
    clock.advance(days=31)
    with database.write() as tx:
        submissions.erase_expired(
            tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90)
        )
        assert [
            each.submission for each in submissions.list_captured(tx, after=0, limit=9)
        ] == sent[2:]


def test_what_cannot_be_read_keeps_nothing_else_from_being_told(
    database: Database, cipher: Cipher
) -> None:
    sent = [make_submission(f"Patient/{number}") for number in range(4)]
    store_submissions(database, *sent)
    with database.write() as tx:
        strange = table.update().where(table.c.id.in_([str(each.id) for each in sent[:3]]))
        tx.connection.execute(strange.values(payload=cipher.encrypt(b"said", "another row")))
    with database.read() as tx:
        assert [
            each.submission for each in submissions.list_captured(tx, after=0, limit=2)
        ] == sent[3:]
