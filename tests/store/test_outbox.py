"""The outbox: nothing lost, nothing twice, in order per patient, and a lost lease never overrun."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from intake.answers import Answer, Channel, Informant, State, Submission
from intake.store import claims, submissions
from intake.store.claims import Claimed
from intake.store.crypto import Cipher
from intake.store.database import Database, Tx
from intake.store.earlier import Earlier, Sent
from intake.store.submissions import DifferentContent, Status
from intake.store.tables import submissions as table

LEASE = timedelta(minutes=5)


def submission(patient: str = "Patient/1", words: str = "Mixteco bajo") -> Submission:
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
        answers={"spoken-language": Answer(State.ANSWERED, (), {"own-words": words})},
    )


def store(database: Database, *sent: Submission) -> None:
    for each in sent:
        with database.write() as tx:
            assert submissions.submit(tx, each, "main")


def claim(database: Database, limit: int = 10, server: str = "main") -> tuple[Claimed, ...]:
    with database.write() as tx:
        return claims.claim(tx, server, limit=limit, lease=LEASE)


def accept(tx: Tx, claimed: Claimed, values: str = "{}") -> bool:
    return claims.sending(
        tx, claimed, Earlier(Sent("Patient/1", "7"), values), LEASE
    ) and claims.accept(tx, claimed)


def do(database: Database, act: Callable[[Tx], bool]) -> bool:
    with database.write() as tx:
        return act(tx)


def row(database: Database, sent: Submission) -> submissions.Row:
    with database.read() as tx:
        found = submissions.get(tx, str(sent.id))
    assert found is not None
    return found


def test_the_same_content_again_is_no_second_submission(database: Database) -> None:
    sent = submission()
    store(database, sent)
    assert not do(database, lambda tx: submissions.submit(tx, sent, "main"))
    with database.read() as tx:
        assert len(submissions.listing(tx)) == 1


def test_other_content_under_a_known_id_is_refused(database: Database) -> None:
    sent = submission()
    store(database, sent)
    with pytest.raises(DifferentContent, match=str(sent.id)):
        do(database, lambda tx: submissions.submit(tx, replace(sent, locale="en"), "main"))
    assert claim(database)[0].submission == sent


def test_what_comes_out_is_what_went_in(database: Database) -> None:
    sent = submission()
    store(database, sent)
    [claimed] = claim(database)
    assert claimed.submission == sent
    assert claimed.sent is None


def test_oldest_first_and_only_this_servers(database: Database, clock: object) -> None:
    first, second = submission("Patient/1"), submission("Patient/2")
    store(database, first, second)
    with database.write() as tx:
        submissions.submit(tx, submission("Patient/3"), "other")
    assert [each.submission for each in claim(database)] == [first, second]


def test_one_in_flight_per_patient_in_order(database: Database) -> None:
    first, second, other = submission("Patient/1"), submission("Patient/1"), submission("Patient/2")
    store(database, first, second, other)
    mine = claim(database)
    assert [each.submission for each in mine] == [first, other]
    assert claim(database) == ()
    do(database, lambda tx: claims.verify(tx, mine[0]))
    assert [each.submission for each in claim(database)] == [second]


def test_a_waiting_one_blocks_the_later_ones_of_its_patient(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    first, second = submission("Patient/1"), submission("Patient/1")
    store(database, first, second)
    [claimed] = claim(database)
    until = clock() + timedelta(minutes=1)
    do(
        database,
        lambda tx: claims.wait(tx, claimed, until=until, reason="http-503", words="Later."),
    )
    assert claim(database) == ()
    clock.advance(minutes=1)
    [again] = claim(database)
    assert (again.submission, again.row.attempts) == (first, 1)


def test_a_held_one_does_not_block_the_later_ones(database: Database) -> None:
    first, second = submission("Patient/1"), submission("Patient/1")
    store(database, first, second)
    [claimed] = claim(database)
    do(
        database,
        lambda tx: claims.hold(
            tx, claimed, reason="refused", words="Look.", detail="said: Mixteco"
        ),
    )
    assert [each.submission for each in claim(database)] == [second]
    with database.read() as tx:
        assert submissions.detail(tx, str(first.id)) == "said: Mixteco"


def test_an_expired_lease_goes_to_the_next_and_the_old_one_is_refused(  # type: ignore[no-untyped-def]
    database: Database, clock
) -> None:
    sent = submission()
    store(database, sent)
    [old] = claim(database)
    clock.advance(minutes=6)
    [new] = claim(database)
    assert not do(
        database, lambda tx: claims.sending(tx, old, Earlier(Sent("Patient/1", "7"), "{}"), LEASE)
    )
    assert not do(database, lambda tx: claims.accept(tx, old))
    assert not do(database, lambda tx: claims.renew(tx, old, LEASE))
    assert not do(database, lambda tx: claims.verify(tx, old))
    assert not do(database, lambda tx: claims.hold(tx, old, reason="x", words="x"))
    assert do(database, lambda tx: claims.verify(tx, new))
    assert row(database, sent).status is Status.VERIFIED


def test_accepted_is_not_verified_and_stays_accepted_while_it_waits(  # type: ignore[no-untyped-def]
    database: Database, clock
) -> None:
    sent = submission()
    store(database, sent)
    [claimed] = claim(database)
    do(database, lambda tx: accept(tx, claimed, '{"race":null}'))
    assert row(database, sent).status is Status.ACCEPTED
    clock.advance(minutes=6)
    [again] = claim(database)
    do(
        database,
        lambda tx: claims.wait(tx, again, until=clock(), reason="http-503", words="Later."),
    )
    assert row(database, sent).status is Status.ACCEPTED
    [last] = claim(database)
    do(database, lambda tx: claims.verify(tx, last))
    found = row(database, sent)
    assert (found.status, found.verified_at, found.words) == (Status.VERIFIED, clock(), None)


def test_retry_sends_a_held_row_again(database: Database) -> None:
    sent = submission()
    store(database, sent)
    [claimed] = claim(database)
    do(database, lambda tx: claims.hold(tx, claimed, reason="refused", words="Look."))
    assert do(database, lambda tx: submissions.retry(tx, str(sent.id)))
    assert not do(database, lambda tx: submissions.retry(tx, str(sent.id)))
    [again] = claim(database)
    assert again.sent is None


def test_discarding_forgets_the_answers(database: Database) -> None:
    sent = submission()
    store(database, sent)
    [claimed] = claim(database)
    assert not do(database, lambda tx: submissions.discard(tx, str(sent.id)))
    do(database, lambda tx: claims.hold(tx, claimed, reason="refused", words="Look."))
    assert do(database, lambda tx: submissions.discard(tx, str(sent.id)))
    with database.read() as tx:
        assert tx.connection.execute(table.select()).one().payload is None


def test_answers_and_earlier_values_are_erased_in_their_time(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    store(database, submission())
    [claimed] = claim(database)
    do(database, lambda tx: accept(tx, claimed, '{"race":null}'))
    do(database, lambda tx: claims.verify(tx, claimed))

    def held() -> tuple[bool, bool]:
        with database.write() as tx:
            submissions.erase(tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90))
        with database.read() as tx:
            found = tx.connection.execute(table.select()).one()
            return found.payload is not None, found.earlier is not None

    seen = [held()]
    for days in (31, 60):
        clock.advance(days=days)
        seen.append(held())
    assert seen == [(True, True), (False, True), (False, False)]


def test_earlier_values_are_kept_sealed_for_undo(database: Database) -> None:
    store(database, submission())
    [claimed] = claim(database)
    do(database, lambda tx: accept(tx, claimed, '{"race":{"text":"White"}}'))
    with database.read() as tx:
        sealed = tx.connection.execute(table.select()).one().earlier
        assert b"White" not in sealed
        held = json.loads(tx.cipher.open(sealed, claimed.row.id))
    assert held == {
        "sent": {"patient": "Patient/1", "version": "7"},
        "values": '{"race":{"text":"White"}}',
    }


def test_counts_show_every_state(database: Database) -> None:
    store(database, submission(), submission("Patient/2"))
    do(database, lambda tx: claims.verify(tx, claims.claim(tx, "main", limit=1, lease=LEASE)[0]))
    with database.read() as tx:
        counts = submissions.counts(tx)
        assert set(counts) == set(Status)
        assert (counts[Status.QUEUED], counts[Status.VERIFIED], counts[Status.HELD]) == (1, 1, 0)
        assert submissions.oldest_waiting(tx) == tx.now
        assert submissions.last_verified(tx) == tx.now


def test_what_was_told_is_read_in_parts_while_its_words_are_kept(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    sent = [submission(f"Patient/{number}") for number in range(5)]
    store(database, *sent)
    [first, second] = claim(database, 2)
    with database.write() as tx:
        assert accept(tx, first)
        claims.verify(tx, first)
        claims.hold(tx, second, reason="refused", words="No.")
        assert submissions.discard(tx, second.row.id)
    with database.read() as tx:
        part = submissions.told(tx, after=0, limit=2)
        rest = submissions.told(tx, after=part[-1].number, limit=9)
    assert [each.submission for each in (*part, *rest)] == [sent[0], *sent[2:]]
    assert [each.verified for each in (*part, *rest)] == [True, False, False, False]
    clock.advance(days=31)
    with database.write() as tx:
        submissions.erase(tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90))
        assert [each.submission for each in submissions.told(tx, after=0, limit=9)] == sent[2:]


def test_what_cannot_be_read_keeps_nothing_else_from_being_told(
    database: Database, cipher: Cipher
) -> None:
    sent = [submission(f"Patient/{number}") for number in range(4)]
    store(database, *sent)
    with database.write() as tx:
        strange = table.update().where(table.c.id.in_([str(each.id) for each in sent[:3]]))
        tx.connection.execute(strange.values(payload=cipher.seal(b"said", "another row")))
    with database.read() as tx:
        assert [each.submission for each in submissions.told(tx, after=0, limit=2)] == sent[3:]
