"""Sign-ins end by time, by sign-out or with the account; worker reports and audit entries."""

from datetime import timedelta

from intake.store import audit, servers, sign_ins, users
from intake.store.database import Database
from intake.store.sign_ins import SignInLimits
from tests.support.store import TestClock

LIMITS = SignInLimits(idle=timedelta(minutes=30), longest=timedelta(hours=12))


def start_sign_in(database: Database, name: str = "ana") -> str:
    with database.write() as tx:
        user = users.find_by_name(tx, name) or users.add_user(
            tx, name, {"desk"}, "correct horse battery"
        )
        return sign_ins.start_sign_in(tx, user, once=False)


def is_signed_in(database: Database, token: str) -> bool:
    with database.read() as tx:
        return sign_ins.find_sign_in(tx, token, LIMITS) is not None


def test_ending_a_sign_in_ends_no_other(database: Database) -> None:
    first, second = start_sign_in(database), start_sign_in(database)
    assert not is_signed_in(database, "forged")
    with database.write() as tx:
        sign_ins.end_sign_in(tx, first)
    assert (is_signed_in(database, first), is_signed_in(database, second)) == (False, True)
    third = start_sign_in(database)
    with database.write() as tx:
        third_sign_in = sign_ins.find_sign_in(tx, third, LIMITS)
        assert third_sign_in is not None
        sign_ins.end_all_sign_ins(tx, third_sign_in.user, but=third_sign_in)
    assert (is_signed_in(database, second), is_signed_in(database, third)) == (False, True)


def test_disabling_an_account_ends_its_sign_ins_for_good(database: Database) -> None:
    token, another = start_sign_in(database), start_sign_in(database, "bo")
    with database.write() as tx:
        ana = users.find_by_name(tx, "ana")
        assert ana is not None
        users.disable_user(tx, ana)
        users.enable_user(tx, ana)
    assert (is_signed_in(database, token), is_signed_in(database, another)) == (False, True)


def test_a_sign_in_expires_when_idle_or_too_old_and_is_erased(
    database: Database, clock: TestClock
) -> None:
    unused, used = start_sign_in(database), start_sign_in(database)
    for _ in range(24):
        clock.advance(minutes=29, seconds=59)
        with database.write() as tx:
            sign_in = sign_ins.find_sign_in(tx, used, LIMITS)
            assert sign_in is not None
            assert sign_ins.is_activity_due(sign_in, tx.now)
            sign_ins.record_activity(tx, sign_in)
    assert not is_signed_in(database, unused)
    with database.write() as tx:
        assert sign_ins.erase_expired(tx, LIMITS) == 1
    clock.advance(minutes=25)
    assert not is_signed_in(database, used)
    with database.write() as tx:
        assert sign_ins.erase_expired(tx, LIMITS) == 1


def test_a_handout_is_encrypted_and_replaces_the_previous_one(database: Database) -> None:
    token, other_token = start_sign_in(database), start_sign_in(database)
    with database.write() as tx:
        sign_in, other_sign_in = (
            sign_ins.find_sign_in(tx, token, LIMITS),
            sign_ins.find_sign_in(tx, other_token, LIMITS),
        )
        assert sign_in is not None
        assert other_sign_in is not None
        assert sign_ins.read_handout(tx, sign_in) is None
        sign_ins.store_handout(tx, sign_in, b"123456")
        sign_ins.store_handout(tx, sign_in, b"654321")
        assert sign_ins.read_handout(tx, sign_in) == b"654321"
        assert sign_ins.read_handout(tx, other_sign_in) is None
        raw = tx.connection.exec_driver_sql(
            "SELECT handed FROM sign_ins WHERE handed IS NOT NULL"
        ).scalar_one()
    assert b"654321" not in bytes(raw)


def test_a_workers_report_keeps_the_state_of_the_server(
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


def test_audit_entries_about_one_subject(database: Database) -> None:
    with database.write() as tx:
        for number in range(5):
            audit.record_action(tx, "ana", f"done-{number}", "this" if number % 2 else "that")
        assert [entry.action for entry in audit.entries_about(tx, "this")] == ["done-3", "done-1"]
        assert [entry.action for entry in audit.recent_entries(tx, 2, 1)] == ["done-3", "done-2"]
