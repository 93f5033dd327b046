"""Sign-ins are rows: they end when their time, their user or somebody ends them, and what they were handed is sealed."""

from datetime import timedelta

from intake.store import audit, servers, sign_ins, users
from intake.store.database import Database
from intake.store.sign_ins import SignInLimits
from tests.store.conftest import TestClock

LIMITS = SignInLimits(idle=timedelta(minutes=30), longest=timedelta(hours=12))


def signed_in(database: Database, name: str = "ana") -> str:
    with database.write() as tx:
        user = users.find_by_name(tx, name) or users.add_user(
            tx, name, {"desk"}, "correct horse battery"
        )
        return sign_ins.start_sign_in(tx, user, once=False)


def is_in(database: Database, token: str) -> bool:
    with database.read() as tx:
        return sign_ins.find_sign_in(tx, token, LIMITS) is not None


def test_a_sign_in_ends_where_it_is_ended_and_no_other_does(database: Database) -> None:
    one, other = signed_in(database), signed_in(database)
    assert not is_in(database, "forged")
    with database.write() as tx:
        sign_ins.end_sign_in(tx, one)
    assert (is_in(database, one), is_in(database, other)) == (False, True)
    third = signed_in(database)
    with database.write() as tx:
        kept = sign_ins.find_sign_in(tx, third, LIMITS)
        assert kept is not None
        sign_ins.end_all_sign_ins(tx, kept.user, but=kept)
    assert (is_in(database, other), is_in(database, third)) == (False, True)


def test_disabling_ends_it_for_good(database: Database) -> None:
    token, another = signed_in(database), signed_in(database, "bo")
    with database.write() as tx:
        ana = users.find_by_name(tx, "ana")
        assert ana is not None
        users.disable_user(tx, ana)
        users.enable_user(tx, ana)
    assert (is_in(database, token), is_in(database, another)) == (False, True)


def test_its_time_ends_unused_and_at_the_longest_and_then_it_is_erased(
    database: Database, clock: TestClock
) -> None:
    unused, used = signed_in(database), signed_in(database)
    for _ in range(24):
        clock.advance(minutes=29, seconds=59)
        with database.write() as tx:
            found = sign_ins.find_sign_in(tx, used, LIMITS)
            assert found is not None
            assert sign_ins.is_activity_due(found, tx.now)
            sign_ins.record_activity(tx, found)
    assert not is_in(database, unused)
    with database.write() as tx:
        assert sign_ins.erase_expired(tx, LIMITS) == 1
    clock.advance(minutes=25)
    assert not is_in(database, used)
    with database.write() as tx:
        assert sign_ins.erase_expired(tx, LIMITS) == 1


def test_what_is_handed_is_sealed_and_the_next_takes_its_place(database: Database) -> None:
    token, other = signed_in(database), signed_in(database)
    with database.write() as tx:
        found, another = (
            sign_ins.find_sign_in(tx, token, LIMITS),
            sign_ins.find_sign_in(tx, other, LIMITS),
        )
        assert found is not None
        assert another is not None
        assert sign_ins.read_handout(tx, found) is None
        sign_ins.store_handout(tx, found, b"123456")
        sign_ins.store_handout(tx, found, b"654321")
        assert sign_ins.read_handout(tx, found) == b"654321"
        assert sign_ins.read_handout(tx, another) is None
        raw = tx.connection.exec_driver_sql(
            "SELECT handed FROM sign_ins WHERE handed IS NOT NULL"
        ).scalar_one()
    assert b"654321" not in bytes(raw)


def test_a_worker_shows_itself_without_touching_what_is_known_of_the_server(
    database: Database, clock: TestClock
) -> None:
    with database.write() as tx:
        servers.record_worker_seen(tx, "main")
        servers.pause_server(tx, "main", until=tx.now, reason="http-401", words="Not let in.")
    clock.advance(minutes=1)
    with database.write() as tx:
        servers.record_worker_seen(tx, "main")
        state = servers.read_state(tx, "main")
    assert (state.worker_seen, state.reason) == (clock(), "http-401")


def test_the_audit_of_one_thing(database: Database) -> None:
    with database.write() as tx:
        for number in range(5):
            audit.record_action(tx, "ana", f"done-{number}", "this" if number % 2 else "that")
        assert [entry.action for entry in audit.entries_about(tx, "this")] == ["done-3", "done-1"]
        assert [entry.action for entry in audit.recent_entries(tx, 2, 1)] == ["done-3", "done-2"]
