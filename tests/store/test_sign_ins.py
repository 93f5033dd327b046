"""Sign-ins are rows: they end when their time, their user or somebody ends them, and what they were handed is sealed."""

from datetime import timedelta

from intake.store import audit, servers, sign_ins, users
from intake.store.database import Database
from intake.store.sign_ins import Limits
from tests.store.conftest import TestClock

LIMITS = Limits(idle=timedelta(minutes=30), longest=timedelta(hours=12))


def signed_in(database: Database, name: str = "ana") -> str:
    with database.write() as tx:
        user = users.by_name(tx, name) or users.add(tx, name, {"desk"}, "correct horse battery")
        return sign_ins.begin(tx, user, once=False)


def is_in(database: Database, token: str) -> bool:
    with database.read() as tx:
        return sign_ins.find(tx, token, LIMITS) is not None


def test_a_sign_in_ends_where_it_is_ended_and_no_other_does(database: Database) -> None:
    one, other = signed_in(database), signed_in(database)
    assert not is_in(database, "forged")
    with database.write() as tx:
        sign_ins.end(tx, one)
    assert (is_in(database, one), is_in(database, other)) == (False, True)
    third = signed_in(database)
    with database.write() as tx:
        kept = sign_ins.find(tx, third, LIMITS)
        assert kept is not None
        sign_ins.end_all(tx, kept.user, but=kept)
    assert (is_in(database, other), is_in(database, third)) == (False, True)


def test_disabling_ends_it_for_good(database: Database) -> None:
    token, another = signed_in(database), signed_in(database, "bo")
    with database.write() as tx:
        ana = users.by_name(tx, "ana")
        assert ana is not None
        users.disable(tx, ana)
        users.enable(tx, ana)
    assert (is_in(database, token), is_in(database, another)) == (False, True)


def test_its_time_ends_unused_and_at_the_longest_and_then_it_is_erased(
    database: Database, clock: TestClock
) -> None:
    unused, used = signed_in(database), signed_in(database)
    for _ in range(24):
        clock.advance(minutes=29, seconds=59)
        with database.write() as tx:
            found = sign_ins.find(tx, used, LIMITS)
            assert found is not None
            assert sign_ins.is_to_note(found, tx.now)
            sign_ins.note(tx, found)
    assert not is_in(database, unused)
    with database.write() as tx:
        assert sign_ins.erase(tx, LIMITS) == 1
    clock.advance(minutes=25)
    assert not is_in(database, used)
    with database.write() as tx:
        assert sign_ins.erase(tx, LIMITS) == 1


def test_what_is_handed_is_sealed_and_the_next_takes_its_place(database: Database) -> None:
    token, other = signed_in(database), signed_in(database)
    with database.write() as tx:
        found, another = sign_ins.find(tx, token, LIMITS), sign_ins.find(tx, other, LIMITS)
        assert found is not None
        assert another is not None
        assert sign_ins.handed(tx, found) is None
        sign_ins.hand(tx, found, b"123456")
        sign_ins.hand(tx, found, b"654321")
        assert sign_ins.handed(tx, found) == b"654321"
        assert sign_ins.handed(tx, another) is None
        raw = tx.connection.exec_driver_sql(
            "SELECT handed FROM sign_ins WHERE handed IS NOT NULL"
        ).scalar_one()
    assert b"654321" not in bytes(raw)


def test_a_worker_shows_itself_without_touching_what_is_known_of_the_server(
    database: Database, clock: TestClock
) -> None:
    with database.write() as tx:
        servers.worker_looked(tx, "main")
        servers.pause(tx, "main", until=tx.now, reason="http-401", words="Not let in.")
    clock.advance(minutes=1)
    with database.write() as tx:
        servers.worker_looked(tx, "main")
        state = servers.state(tx, "main")
    assert (state.worker_seen, state.reason) == (clock(), "http-401")


def test_the_audit_of_one_thing(database: Database) -> None:
    with database.write() as tx:
        for number in range(5):
            audit.record(tx, "ana", f"done-{number}", "this" if number % 2 else "that")
        assert [entry.action for entry in audit.about(tx, "this")] == ["done-3", "done-1"]
        assert [entry.action for entry in audit.recent(tx, 2, 1)] == ["done-3", "done-2"]
