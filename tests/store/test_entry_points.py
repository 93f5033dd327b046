"""Codes, tablets, links, accounts, attempts and report snapshots: valid once or for a time."""

from datetime import timedelta

import pytest

from intake.store import attempts, codes, devices, links, reports, users, visits
from intake.store.database import Database
from tests.support.store import TestClock, make_visit


def test_a_code_opens_one_visit_on_one_tablet_for_a_time(
    database: Database, clock: TestClock
) -> None:
    ttl = timedelta(minutes=15)
    with database.write() as tx:
        seen = make_visit(clock)
        visits.save_visit(tx, seen)
        older, code = codes.create_code(tx, seen, ttl), codes.create_code(tx, seen, ttl)
        assert codes.redeem_code(tx, "eastside", code, "tablet") is None
        assert older == code or codes.redeem_code(tx, "riverside", older, "tablet") is None
        assert codes.redeem_code(tx, "riverside", f"{code[:3]} {code[3:]}", "tablet") == seen
        assert codes.redeem_code(tx, "riverside", code, "other") is None
        assert codes.redeem_code(tx, "riverside", code, "tablet") == seen
        assert codes.find_creation_time(tx, "riverside", code) == clock()
        codes.close_codes(tx, seen.id)
        assert codes.redeem_code(tx, "riverside", code, "tablet") is None
        late = codes.create_code(tx, seen, ttl)
    clock.advance(minutes=15)
    with database.write() as tx:
        assert codes.redeem_code(tx, "riverside", late, "tablet") is None


def test_a_tablet_is_paired_once_and_revoked_for_good(database: Database, clock: TestClock) -> None:
    with database.write() as tx:
        code = devices.invite_device(tx, "riverside", "front desk")
        paired = devices.pair_device(tx, code.lower())
        assert paired is not None
        device, token = paired
        assert devices.pair_device(tx, code) is None
        assert devices.find_by_token(tx, token) == device
        assert devices.revoke_device(tx, device.id)
        assert devices.find_by_token(tx, token) is None
        late = devices.invite_device(tx, "riverside", "late")
    clock.advance(hours=1)
    with database.write() as tx:
        assert devices.pair_device(tx, late) is None


def test_a_link_is_bound_to_the_device_that_opened_it(database: Database, clock: TestClock) -> None:
    with database.write() as tx:
        visits.save_visit(tx, make_visit(clock))
        _, token = links.create_link(tx, make_visit(clock), clock() + timedelta(days=7))
        link = links.find_link(tx, token)
        assert link is not None
        assert link.visit == make_visit(clock)
        assert links.find_link(tx, "forged") is None
        links.record_failed_try(tx, link)
        links.bind_to_device(tx, link, "phone")
        bound = links.find_link(tx, token)
        assert bound is not None
        assert bound.tries_left == links.MAX_TRIES - 1
        seen = [links.is_bound_elsewhere(tx, bound, device) for device in ("phone", "laptop", None)]
        assert seen == [False, True, True]


def test_users_sign_in_with_their_password_or_once(database: Database, clock: TestClock) -> None:
    with database.write() as tx:
        ana = users.add_user(tx, "ana", {"desk", "it"}, "correct horse battery")
        assert users.check_password(tx, "ana", "correct horse battery") == ana
        assert users.check_password(tx, "ana", "wrong") is None
        assert users.check_password(tx, "nobody", "wrong") is None
        token = users.create_one_time_token(tx, ana, timedelta(hours=1))
        assert users.redeem_one_time_token(tx, token) == ana
        assert users.redeem_one_time_token(tx, token) is None
        users.disable_user(tx, ana)
        assert users.check_password(tx, "ana", "correct horse battery") is None
        for roles, password in (({"king"}, "long enough to do"), ({"it"}, "short")):
            with pytest.raises(ValueError, match=r"roles|characters"):
                users.add_user(tx, "bo", roles, password)


def test_attempts_are_limited_in_a_sliding_window(database: Database, clock: TestClock) -> None:
    seen = []
    for minutes in (0, 1, 1, 1, 10):
        clock.advance(minutes=minutes)
        with database.write() as tx:
            seen.append(attempts.allow_attempt(tx, "code tablet-1", 2, timedelta(minutes=5)))
    assert seen == [True, True, False, False, True]


def test_the_newest_report_of_a_period_is_kept_with_its_time(
    database: Database, clock: TestClock
) -> None:
    with database.read() as tx:
        assert (reports.latest_made_at(tx, "2026"), reports.latest_snapshot(tx, "2026")) == (
            None,
            None,
        )
    for snapshot in (b"old", b"new"):
        clock.advance(hours=1)
        with database.write() as tx:
            reports.save_snapshot(tx, "2026", snapshot)
    with database.read() as tx:
        assert (reports.latest_made_at(tx, "2026"), reports.latest_snapshot(tx, "2026")) == (
            clock(),
            b"new",
        )
        assert reports.latest_made_at(tx, "2025") is None
