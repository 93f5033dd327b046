"""What is kept is found again only by whom it is for, and gone in its time."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from intake.answers import Channel
from intake.store import attempts, codes, devices, drafts, links, reports, users, visits
from intake.store.database import Database
from intake.store.outbox import submissions
from intake.store.outbox.merge_base import MergeBase
from intake.store.visits import Visit, visit_id

BORN = date(1980, 2, 29)


def make_visit(clock, source: str = "Appointment/1", **changes: object) -> Visit:  # type: ignore[no-untyped-def]
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
    from tests.store.test_submissions import make_submission

    with database.write() as tx:
        draft, token = drafts.start_draft(tx, make_visit(clock), channel=Channel.KIOSK, locale="es")
    with database.write() as tx:
        assert drafts.find_by_token(tx, token) == draft
        assert drafts.find_by_token(tx, "forged") is None
        assert drafts.submit_draft(tx, draft, make_submission())
    with database.read() as tx:
        assert drafts.find_by_token(tx, token) is None
        assert len(submissions.list_records(tx)) == 1


def test_a_visit_has_one_draft_and_the_newest_keeps_what_was_typed(  # type: ignore[no-untyped-def]
    database: Database, clock
) -> None:
    typed = drafts.PendingForm({"own-words": ("Ñuu Savi",)}, ("too-long",))
    with database.write() as tx:
        _, older = drafts.start_draft(tx, make_visit(clock), channel=Channel.LINK, locale="es")
        draft, newer = drafts.start_draft(tx, make_visit(clock), channel=Channel.KIOSK, locale="es")
        drafts.save_state(
            tx, draft, replace(draft.state, pending={"question:race-ethnicity": typed})
        )
    with database.read() as tx:
        assert drafts.find_by_token(tx, older) is None
        found = drafts.find_by_token(tx, newer)
        assert found is not None
        assert found.state.pending == {"question:race-ethnicity": typed}
        assert found.state.visit_context == drafts.VisitContext(
            "main", "Patient/1", "Appointment/1", known=MergeBase(BORN, {"race": None})
        )


def test_idle_drafts_go_sooner_on_a_kiosk(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    with database.write() as tx:
        for channel in (Channel.KIOSK, Channel.LINK):
            drafts.start_draft(
                tx, make_visit(clock, f"Appointment/{channel}"), channel=channel, locale="es"
            )
    gone = []
    for minutes in (4, 2, 10):
        clock.advance(minutes=minutes)
        with database.write() as tx:
            gone.append(
                drafts.drop_idle_drafts(
                    tx, kiosk=timedelta(minutes=5), others=timedelta(minutes=15)
                )
            )
    assert gone == [0, 1, 1]


def test_a_code_opens_one_visit_once_at_its_clinic_and_for_a_while(  # type: ignore[no-untyped-def]
    database: Database, clock
) -> None:
    ttl = timedelta(minutes=15)
    with database.write() as tx:
        seen = make_visit(clock)
        visits.save_visit(tx, seen)
        older, code = codes.create_code(tx, seen, ttl), codes.create_code(tx, seen, ttl)
        assert codes.redeem_code(tx, "eastside", code) is None
        assert older == code or codes.redeem_code(tx, "riverside", older) is None
        assert codes.redeem_code(tx, "riverside", f"{code[:3]} {code[3:]}") == seen
        assert codes.redeem_code(tx, "riverside", code) is None
        late = codes.create_code(tx, seen, ttl)
    clock.advance(minutes=15)
    with database.write() as tx:
        assert codes.redeem_code(tx, "riverside", late) is None


def in_order(*found: Visit) -> tuple[Visit, ...]:
    """Visits of one moment as the store returns them."""
    return tuple(sorted(found, key=lambda each: each.id))


def test_visits_are_found_by_birth_date_and_leave_with_the_schedule(  # type: ignore[no-untyped-def]
    database: Database, clock
) -> None:
    start, end = clock() - timedelta(hours=2), clock() + timedelta(hours=2)
    with database.write() as tx:
        one, twin, vague = (
            make_visit(clock),
            make_visit(clock, "Appointment/2"),
            make_visit(clock, "Appointment/3", birth_date=None),
        )
        for each in (one, twin, vague, one):
            visits.save_visit(tx, each)
        assert visits.find_by_birth_date(tx, "riverside", BORN, start, end) == in_order(one, twin)
        assert visits.find_by_birth_date(tx, "eastside", BORN, start, end) == ()
        assert visits.find_by_birth_date(tx, "riverside", BORN, end, end + timedelta(hours=1)) == ()
        visits.record_fetch(tx, "riverside", [one.id, vague.id], start, end)
        assert visits.list_visits(tx, "riverside", start, end) == in_order(one, vague)
        assert visits.last_fetched_at(tx, "riverside") == clock()
        assert visits.progress_by_visit(tx, [one.id]) == {one.id: "none"}


def test_a_tablet_is_paired_once_and_revoked_for_good(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
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


def test_a_link_is_bound_to_the_device_that_opened_it(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
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


def test_users_sign_in_with_their_password_or_once(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
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


def test_attempts_are_limited_in_a_sliding_window(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    seen = []
    for minutes in (0, 1, 1, 1, 10):
        clock.advance(minutes=minutes)
        with database.write() as tx:
            seen.append(attempts.allow_attempt(tx, "code tablet-1", 2, timedelta(minutes=5)))
    assert seen == [True, True, False, False, True]


def test_the_newest_report_of_a_period_is_kept_with_its_moment(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
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
