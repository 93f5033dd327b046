"""What is kept is found again only by whom it is for, and gone in its time."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from intake.answers import Channel
from intake.store import (
    attempts,
    codes,
    devices,
    drafts,
    links,
    reports,
    submissions,
    users,
    visits,
)
from intake.store.database import Database
from intake.store.known import Known
from intake.store.visits import Visit, visit_id

BORN = date(1980, 2, 29)


def visit(clock, source: str = "Appointment/1", **changes: object) -> Visit:  # type: ignore[no-untyped-def]
    found = Visit(
        id=visit_id("main", source),
        clinic="riverside",
        server="main",
        patient="Patient/1",
        starts_at=clock(),
        name="Lan Nguyen",
        birth_date=BORN,
        initials="LN",
        appointment=source,
        gaps=frozenset({"race"}),
        base={"race": None},
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def test_a_draft_is_found_by_its_token_and_gone_with_submit(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    from tests.store.test_outbox import submission

    with database.write() as tx:
        draft, token = drafts.start(tx, visit(clock), channel=Channel.KIOSK, locale="es")
    with database.write() as tx:
        assert drafts.by_token(tx, token) == draft
        assert drafts.by_token(tx, "forged") is None
        assert drafts.submit(tx, draft, submission())
    with database.read() as tx:
        assert drafts.by_token(tx, token) is None
        assert len(submissions.listing(tx)) == 1


def test_a_visit_has_one_draft_and_the_newest_keeps_what_was_typed(  # type: ignore[no-untyped-def]
    database: Database, clock
) -> None:
    typed = drafts.Pending({"own-words": ("Ñuu Savi",)}, ("too-long",))
    with database.write() as tx:
        _, older = drafts.start(tx, visit(clock), channel=Channel.LINK, locale="es")
        draft, newer = drafts.start(tx, visit(clock), channel=Channel.KIOSK, locale="es")
        drafts.save(tx, draft, replace(draft.state, pending={"question:race-ethnicity": typed}))
    with database.read() as tx:
        assert drafts.by_token(tx, older) is None
        found = drafts.by_token(tx, newer)
        assert found is not None
        assert found.state.pending == {"question:race-ethnicity": typed}
        assert found.state.bound == drafts.Bound(
            "main", "Patient/1", "Appointment/1", known=Known(BORN, {"race": None})
        )


def test_idle_drafts_go_sooner_on_a_kiosk(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    with database.write() as tx:
        for channel in (Channel.KIOSK, Channel.LINK):
            drafts.start(tx, visit(clock, f"Appointment/{channel}"), channel=channel, locale="es")
    gone = []
    for minutes in (4, 2, 10):
        clock.advance(minutes=minutes)
        with database.write() as tx:
            gone.append(
                drafts.drop_idle(tx, kiosk=timedelta(minutes=5), others=timedelta(minutes=15))
            )
    assert gone == [0, 1, 1]


def test_a_code_opens_one_visit_once_at_its_clinic_and_for_a_while(  # type: ignore[no-untyped-def]
    database: Database, clock
) -> None:
    ttl = timedelta(minutes=15)
    with database.write() as tx:
        seen = visit(clock)
        visits.put(tx, seen)
        older, code = codes.make(tx, seen, ttl), codes.make(tx, seen, ttl)
        assert codes.redeem(tx, "eastside", code) is None
        assert older == code or codes.redeem(tx, "riverside", older) is None
        assert codes.redeem(tx, "riverside", f"{code[:3]} {code[3:]}") == seen
        assert codes.redeem(tx, "riverside", code) is None
        late = codes.make(tx, seen, ttl)
    clock.advance(minutes=15)
    with database.write() as tx:
        assert codes.redeem(tx, "riverside", late) is None


def in_order(*found: Visit) -> tuple[Visit, ...]:
    """Visits of one moment as the store returns them."""
    return tuple(sorted(found, key=lambda each: each.id))


def test_visits_are_found_by_birth_date_and_leave_with_the_schedule(  # type: ignore[no-untyped-def]
    database: Database, clock
) -> None:
    start, end = clock() - timedelta(hours=2), clock() + timedelta(hours=2)
    with database.write() as tx:
        one, twin, vague = (
            visit(clock),
            visit(clock, "Appointment/2"),
            visit(clock, "Appointment/3", birth_date=None),
        )
        for each in (one, twin, vague, one):
            visits.put(tx, each)
        assert visits.by_birth_date(tx, "riverside", BORN, start, end) == in_order(one, twin)
        assert visits.by_birth_date(tx, "eastside", BORN, start, end) == ()
        assert visits.by_birth_date(tx, "riverside", BORN, end, end + timedelta(hours=1)) == ()
        visits.fetched(tx, "riverside", [one.id, vague.id], start, end)
        assert visits.expected(tx, "riverside", start, end) == in_order(one, vague)
        assert visits.last_fetched(tx, "riverside") == clock()
        assert visits.progress(tx, [one.id]) == {one.id: "none"}


def test_a_tablet_is_paired_once_and_revoked_for_good(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    with database.write() as tx:
        code = devices.invite(tx, "riverside", "front desk")
        paired = devices.pair(tx, code.lower())
        assert paired is not None
        device, token = paired
        assert devices.pair(tx, code) is None
        assert devices.by_token(tx, token) == device
        assert devices.revoke(tx, device.id)
        assert devices.by_token(tx, token) is None
        late = devices.invite(tx, "riverside", "late")
    clock.advance(hours=1)
    with database.write() as tx:
        assert devices.pair(tx, late) is None


def test_a_link_is_bound_to_the_device_that_opened_it(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    with database.write() as tx:
        visits.put(tx, visit(clock))
        _, token = links.make(tx, visit(clock), clock() + timedelta(days=7))
        link = links.find(tx, token)
        assert link is not None
        assert link.visit == visit(clock)
        assert links.find(tx, "forged") is None
        links.failed_try(tx, link)
        links.bind(tx, link, "phone")
        bound = links.find(tx, token)
        assert bound is not None
        assert bound.tries_left == links.TRIES - 1
        seen = [links.is_bound_elsewhere(tx, bound, device) for device in ("phone", "laptop", None)]
        assert seen == [False, True, True]


def test_users_sign_in_with_their_password_or_once(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    with database.write() as tx:
        ana = users.add(tx, "ana", {"desk", "it"}, "correct horse battery")
        assert users.check(tx, "ana", "correct horse battery") == ana
        assert users.check(tx, "ana", "wrong") is None
        assert users.check(tx, "nobody", "wrong") is None
        token = users.one_time(tx, ana, timedelta(hours=1))
        assert users.redeem_one_time(tx, token) == ana
        assert users.redeem_one_time(tx, token) is None
        users.disable(tx, ana)
        assert users.check(tx, "ana", "correct horse battery") is None
        for roles, password in (({"king"}, "long enough to do"), ({"it"}, "short")):
            with pytest.raises(ValueError, match=r"roles|characters"):
                users.add(tx, "bo", roles, password)


def test_attempts_are_limited_in_a_sliding_window(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    seen = []
    for minutes in (0, 1, 1, 1, 10):
        clock.advance(minutes=minutes)
        with database.write() as tx:
            seen.append(attempts.allow(tx, "code tablet-1", 2, timedelta(minutes=5)))
    assert seen == [True, True, False, False, True]


def test_the_newest_report_of_a_period_is_kept_with_its_moment(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    with database.read() as tx:
        assert (reports.made_at(tx, "2026"), reports.latest(tx, "2026")) == (None, None)
    for snapshot in (b"old", b"new"):
        clock.advance(hours=1)
        with database.write() as tx:
            reports.save(tx, "2026", snapshot)
    with database.read() as tx:
        assert (reports.made_at(tx, "2026"), reports.latest(tx, "2026")) == (clock(), b"new")
        assert reports.made_at(tx, "2025") is None
