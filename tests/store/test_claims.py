"""The outbox's finer points: leases, order within a chart, what is taken over, and servers that pause or rest."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from intake.answers import Submission
from intake.store import claims, deciding, overtaking, servers, submissions
from intake.store.claims import Claimed
from intake.store.crypto import Cipher
from intake.store.database import Database, Tx
from intake.store.deciding import Contest, Decision, Take
from intake.store.earlier import Earlier, Sent
from intake.store.submissions import Status
from intake.store.tables import submissions as table
from tests.store.conftest import TestClock
from tests.store.test_outbox import LEASE, accept, claim, do, row, store, submission

SENT = Sent("Patient/1", "7")


def hold(database: Database, claimed: Claimed) -> None:
    assert do(database, lambda tx: claims.hold(tx, claimed, reason="refused", words="Look."))


def retry(database: Database, sent: Submission) -> None:
    assert do(database, lambda tx: submissions.retry(tx, str(sent.id)))


def test_what_was_accepted_since_it_was_claimed_stays_accepted_while_it_waits(
    database: Database, clock: TestClock
) -> None:
    sent = submission()
    store(database, sent)
    [claimed] = claim(database)
    do(database, lambda tx: accept(tx, claimed))
    assert do(
        database,
        lambda tx: claims.wait(tx, claimed, until=clock(), reason="http-503", words="Later."),
    )
    assert row(database, sent).status is Status.ACCEPTED
    [again] = claim(database)
    assert again.sent == SENT


def test_a_row_may_have_been_sent_from_the_moment_before_it_leaves(
    database: Database, clock: TestClock
) -> None:
    store(database, submission())
    [claimed] = claim(database)
    assert do(database, lambda tx: claims.sending(tx, claimed, Earlier(SENT, "{}"), LEASE))
    clock.advance(minutes=6)
    [again] = claim(database)
    assert again.sent == SENT


def test_a_renewed_lease_lasts_longer(database: Database, clock: TestClock) -> None:
    store(database, submission())
    [claimed] = claim(database)
    clock.advance(minutes=4)
    assert do(database, lambda tx: claims.renew(tx, claimed, LEASE))
    clock.advance(minutes=4)
    assert claim(database) == ()
    assert do(database, lambda tx: claims.verify(tx, claimed))


def test_a_held_row_sent_again_waits_for_a_later_one_that_is_on_its_way(database: Database) -> None:
    first, second = submission(), submission()
    store(database, first, second)
    hold(database, claim(database)[0])
    [on_its_way] = claim(database)
    retry(database, first)
    assert claim(database) == ()
    do(database, lambda tx: claims.verify(tx, on_its_way))
    assert [each.submission for each in claim(database)] == [first]


def test_a_row_moves_to_the_chart_that_replaced_its_own(database: Database) -> None:
    store(database, submission("Patient/new"), submission("Patient/old"), submission("Patient/new"))
    older, moved = claim(database)
    assert not do(database, lambda tx: claims.follow(tx, moved, "Patient/new"))
    do(database, lambda tx: claims.release(tx, moved, until=tx.now))
    do(database, lambda tx: claims.verify(tx, older))
    [again] = claim(database)
    assert again.row.id == moved.row.id
    assert do(database, lambda tx: claims.follow(tx, again, "Patient/new"))
    assert claim(database) == ()


def test_a_later_one_takes_over_from_those_that_have_not_arrived(database: Database) -> None:
    held, waiting, other, last = submission(), submission(), submission("Patient/2"), submission()
    store(database, held, waiting, other, last)
    hold(database, claim(database, 1)[0])
    first, elsewhere = claim(database)
    do(database, lambda tx: claims.verify(tx, elsewhere))
    hold(database, first)
    retry(database, waiting)
    [early] = claim(database)
    do(database, lambda tx: claims.verify(tx, early))
    [late] = claim(database)
    with database.write() as tx:
        [older] = overtaking.unarrived(tx, late)
        assert (older.id, older.status) == (str(held.id), Status.HELD)
        overtaking.take(tx, older, frozenset({"race"}), nothing_left=False)
    retry(database, held)
    do(database, lambda tx: claims.verify(tx, late))
    [again] = claim(database)
    assert again.taken == {"race"}
    hold(database, again)
    with database.write() as tx:
        older = overtaking.Older(str(held.id), Status.HELD, held, again.taken)
        overtaking.take(tx, older, frozenset({"spoken-language"}), nothing_left=True)
    assert row(database, held).status is Status.SUPERSEDED
    with database.read() as tx:
        kept = tx.connection.execute(table.select().where(table.c.id == str(held.id))).one()
    assert (kept.payload, kept.taken) == (None, "race,spoken-language")


def test_what_was_sent_before_is_known_by_its_id_for_ever(
    database: Database, clock: TestClock
) -> None:
    first, second = submission(), submission()
    store(database, first, second)
    [claimed] = claim(database)
    do(database, lambda tx: accept(tx, claimed) and claims.verify(tx, claimed))
    clock.advance(days=31)
    with database.write() as tx:
        submissions.erase(tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90))
    [late] = claim(database)
    with database.read() as tx:
        assert overtaking.ids_sent(tx, late) == (str(first.id),)
        assert overtaking.sent_since(tx, late, tx.now - timedelta(days=60)) == ()


def test_failing_begins_with_the_first_failure_and_ends_with_any_other_outcome(
    database: Database, clock: TestClock
) -> None:
    store(database, submission())
    seen = []
    for failing in (True, True, False, True):
        clock.advance(hours=1)
        [claimed] = claim(database)
        seen.append(claimed.failing_since)
        do(
            database,
            lambda tx, f=failing, c=claimed: claims.wait(  # type: ignore[misc]
                tx, c, until=tx.now, reason="x", words="x", failing=f
            ),
        )
    began = clock() - timedelta(hours=3)
    assert seen == [None, began, began, None]


@pytest.mark.parametrize(
    ("column", "said", "bound_to", "words"),
    [
        ("payload", b"said", "another row", "belongs to another row. Bring back the key file"),
        ("payload", b"said", "", "it was stored in another form"),
        (
            "payload",
            None,
            "",
            "Its answers are not kept any more, so nothing can be sent. Discard it.",
        ),
        ("known", b"[]", "", "it was stored in another form"),
        ("decided", b"{", "", "it was stored in another form"),
    ],
)
def test_a_row_that_cannot_be_opened_is_held_and_keeps_nobody_waiting(
    database: Database, cipher: Cipher, column: str, said: bytes | None, bound_to: str, words: str
) -> None:
    lost, good = submission("Patient/1"), submission("Patient/2")
    store(database, lost, good)
    with database.write() as tx:
        strange = None if said is None else cipher.seal(said, bound_to or str(lost.id))
        tx.connection.execute(
            table.update().where(table.c.id == str(lost.id)).values({column: strange})
        )
    assert [each.submission for each in claim(database)] == [good]
    found = row(database, lost)
    assert (found.status, found.reason, found.sending) == (Status.HELD, "unreadable", False)
    assert words in (found.words or "")


def test_words_that_are_too_long_keep_nothing_from_being_stored(
    database: Database, clock: TestClock
) -> None:
    sent, long = submission(), "x" * 1001
    store(database, sent)
    how: list[Callable[[Tx, Claimed], bool]] = [
        lambda tx, row: claims.wait(tx, row, until=tx.now, reason="x", words=long),
        lambda tx, row: claims.release(tx, row, until=tx.now, reason="x", words=long),
        lambda tx, row: claims.hold(tx, row, reason="x", words=long),
    ]
    for each in how:
        [claimed] = claim(database)
        assert do(database, lambda tx, e=each, c=claimed: e(tx, c))  # type: ignore[misc]
        assert row(database, sent).words == "x" * 1000
    do(database, lambda tx: servers.pause(tx, "main", until=clock(), reason="x", words=long))
    with database.read() as tx:
        assert servers.state(tx, "main").words == "x" * 1000


def test_a_decision_does_not_bring_back_what_was_discarded_meanwhile(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = submission()
    store(database, sent)
    [claimed] = claim(database)
    contests = deciding.as_detail((Contest("race", ("White",), ("Asian",), "over"),))
    do(
        database,
        lambda tx: claims.hold(
            tx, claimed, reason=deciding.CONTESTED, words="Look.", detail=contests
        ),
    )
    seal = deciding.sealed

    def discarded_meanwhile(tx: Tx, decisions: Mapping[str, Decision], identity: str) -> bytes:
        submissions.discard(tx, identity)
        return seal(tx, decisions, identity)

    monkeypatch.setattr(deciding, "sealed", discarded_meanwhile)
    assert not do(
        database,
        lambda tx: deciding.decide(tx, str(sent.id), {"race": Decision(Take.PERSON, "over")}),
    )
    assert row(database, sent).status is Status.DISCARDED


def test_a_paused_server_is_probed_by_one_worker_a_time(
    database: Database, clock: TestClock
) -> None:
    soon = clock() + timedelta(minutes=1)
    alarms = [
        do(
            database,
            lambda tx: servers.pause(tx, "main", until=soon, reason="http-401", words="No."),
        )
        for _ in range(2)
    ]
    assert alarms == [True, False]
    later = soon + timedelta(minutes=1)
    assert not do(database, lambda tx: servers.probe(tx, "main", until=later))
    clock.advance(minutes=1)
    assert [do(database, lambda tx: servers.probe(tx, "main", until=later)) for _ in range(2)] == [
        True,
        False,
    ]
    with database.write() as tx:
        servers.let_in(tx, "main")
        assert servers.state(tx, "main").paused_since is None
        assert servers.state(tx, "main").last_success is None


def test_a_success_ends_a_pause_but_not_a_rest(database: Database, clock: TestClock) -> None:
    later = clock() + timedelta(minutes=5)
    with database.write() as tx:
        servers.rest(tx, "main", until=later)
        servers.rest(tx, "main", until=clock())
        servers.succeeded(tx, "main")
        assert servers.state(tx, "main").paused_until == later
        servers.pause(tx, "main", until=later, reason="http-401", words="No.")
        servers.succeeded(tx, "main")
        assert servers.state(tx, "main") == servers.ServerState("main", last_success=clock())


@pytest.mark.parametrize("how", ["leased", "waiting"])
def test_an_idle_worker_is_told_so_by_a_read(
    database: Database, clock: TestClock, how: str
) -> None:
    store(database, submission())
    [claimed] = claim(database)
    if how == "waiting":
        until = clock() + timedelta(minutes=1)
        do(database, lambda tx: claims.wait(tx, claimed, until=until, reason="x", words="x"))
    with database.read() as tx:
        assert not submissions.has_due(tx, "main")
    clock.advance(minutes=6)
    with database.read() as tx:
        assert submissions.has_due(tx, "main")
