"""The monitor's queue by cause: groups, actions on a whole group, search and pages."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.staff import monitor
from intake.store import audit
from intake.store.outbox import delivery_steps, group_actions, hold, leases
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.group_actions import advance_group_action
from intake.store.outbox.records import Status, find_record
from tests.support.outbox_steps import make_submission
from tests.support.site_submissions import LEASE, list_column, queue_submission
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.strict_pages import node_attributes


@pytest.fixture
def it(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "it")


def hold_many(
    site: TestSite, count: int, clinic: str = "riverside", reason: str = "refused"
) -> list[str]:
    """Hold so many submissions of a clinic for one reason; return their ids."""
    ids = [queue_submission(site, f"Patient/{clinic}-{n}", clinic) for n in range(count)]
    with site.database.write() as tx:
        for leased in leases.acquire_leases(tx, "main", limit=count, lease=LEASE):
            hold.hold_submission(tx, leased, reason=reason, words="No.")
    return ids


def wait_one(site: TestSite) -> None:
    """Let one submission wait, because the server answers 503."""
    queue_submission(site, "Patient/waiting")
    with site.database.write() as tx:
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=LEASE)
        until = tx.now + timedelta(minutes=9)
        delivery_steps.schedule_retry(tx, leased, until=until, reason="http-503", words="Later.")


def list_groups(it: StaffSession) -> list[str]:
    it.open_page("/staff/monitor")
    return [" ".join(node.to_text().split()) for node in it.document.query(".causes li > a")]


def run_worker(site: TestSite) -> None:
    """Advance group actions as the worker's thread does."""
    while True:
        with site.database.write() as tx:
            if not advance_group_action(tx):
                return


def read_states(site: TestSite, ids: list[str]) -> set[Status]:
    with site.database.read() as tx:
        records = [find_record(tx, identity) for identity in ids]
    return {record.status for record in records if record is not None}


def test_held_and_waiting_submissions_are_grouped_by_cause(
    pages: TestSite, it: StaffSession
) -> None:
    hold_many(pages, 3, reason="unmatched")
    hold_many(pages, 2, "hillside", reason="unmatched")
    hold_many(pages, 1, reason="patient")
    wait_one(pages)
    assert list_groups(it) == [
        "5 · no such patient · 2 clinics",
        "1 · the chart cannot be used · Riverside Family Clinic",
        "1 · the EHR answers 503 · Riverside Family Clinic",
    ]


def test_a_whole_group_is_retried_in_steps_with_progress(
    pages: TestSite, it: StaffSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_actions, "STEP_SIZE", 2)
    ids, others = hold_many(pages, 5), hold_many(pages, 1, "hillside", reason="patient")
    it.open_page("/staff/causes/retry?reason=refused&held=yes&undoing=no")
    assert it.heading == "Retry all: 5 submissions?"
    it.send_form()
    assert it.messages[0].startswith("The worker does this for 5 submissions now.")
    with pages.database.write() as tx:
        advance_group_action(tx)
    it.open_page("/staff/monitor")
    assert "2 of 5 done" in it.page.text
    run_worker(pages)
    assert read_states(pages, ids) == {Status.QUEUED}
    assert read_states(pages, others) == {Status.HELD}
    it.open_page("/staff/monitor")
    assert "5 of 5 done" in it.page.text
    with pages.database.read() as tx:
        assert [entry.action for entry in audit.entries_about(tx, ids[0])] == ["submission-retried"]


def test_a_group_action_leaves_out_what_came_later_or_changed(
    pages: TestSite, it: StaffSession
) -> None:
    [first, second] = hold_many(pages, 2)
    it.open_page("/staff/causes/discard?reason=refused&held=yes&undoing=no&clinic=riverside")
    it.send_form()
    [later] = hold_many(pages, 1, "hillside")
    it.open_page(f"/staff/submissions/{second}")
    it.send_form(form="/retry")
    run_worker(pages)
    assert read_states(pages, [first]) == {Status.DISCARDED}
    assert read_states(pages, [second]) == {Status.QUEUED}
    assert read_states(pages, [later]) == {Status.HELD}


def test_waiting_submissions_are_held_as_a_group_and_released(
    pages: TestSite, it: StaffSession
) -> None:
    wait_one(pages)
    it.open_page("/staff/causes/hold?reason=http-503&held=no&undoing=no")
    it.send_form()
    run_worker(pages)
    assert list_groups(it) == ["1 · held by staff · Riverside Family Clinic"]
    it.open_page("/staff/causes/retry?reason=operator&held=yes&undoing=no")
    it.send_form()
    run_worker(pages)
    assert list_groups(it) == []


def test_a_group_that_is_gone_is_said_and_nothing_is_queued(
    pages: TestSite, it: StaffSession
) -> None:
    it.open_page("/staff/causes/retry?reason=refused&held=yes")
    assert it.path == "/staff/monitor"
    assert it.messages == ["No submission has this cause any longer."]
    assert it.open_page("/staff/causes/retry").status_code == 404


def test_an_administrator_may_put_a_group_on_the_worklist_but_not_retry_it(
    pages: TestSite,
) -> None:
    ids = hold_many(pages, 2)
    admin = sign_in_staff(pages, "admin")
    admin.open_page("/staff/monitor")
    links = [node.to_text().split("…")[0] for node in admin.document.query(".causes .acts a")]
    assert links == ["Put all on the worklist"]
    admin.open_page("/staff/causes/by-hand?reason=refused&held=yes&undoing=no")
    admin.send_form()
    run_worker(pages)
    assert read_states(pages, ids) == {Status.QUEUED}


def test_submissions_are_found_by_id_reason_day_and_tablet(
    pages: TestSite, it: StaffSession
) -> None:
    [held] = hold_many(pages, 1)
    submission = replace(make_submission(), patient="Patient/tablet")
    with pages.database.write() as tx:
        store_submission(tx, submission, "main", device="tablet-1")
    pages.clock.advance(hours=9)
    late = queue_submission(pages, "Patient/late")
    pages.clock.advance(hours=8)
    next_day = queue_submission(pages, "Patient/next")
    it = sign_in_staff(pages, "it", name="bo")
    found = {
        f"id={held[:9].upper()}": [held],
        "reason=refused": [held],
        "device=tablet-1": [str(submission.id)],
        # The day is the clinic's: 19:00 there is after midnight in UTC.
        "from=2026-11-25": [next_day],
        "to=2026-11-24": [late, str(submission.id), held],
        "from=2026-11-24&to=2026-11-24&reason=refused": [held],
        "id=%25": [],
    }
    for query, ids in found.items():
        it.open_page(f"/staff/monitor?{query}")
        listed = list_column(it, 0) if it.document.query("table") else []
        assert listed == [identity[:8] for identity in ids], query


def test_pages_lead_back_to_newer_submissions(
    pages: TestSite, it: StaffSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "ROWS_PER_PAGE", 2)
    ids = [queue_submission(pages, f"Patient/{number}")[:8] for number in range(5)][::-1]
    it.open_page("/staff/monitor")
    seen = []
    for rel in ("next", "next", "prev", "prev"):
        seen.append(list_column(it, 0))
        [link] = it.document.query(f"a[rel={rel}]")
        it.open_page(str(node_attributes(link)["href"]))
    assert seen == [ids[:2], ids[2:4], ids[4:], ids[2:4]]
    assert list_column(it, 0) == ids[:2]
    assert not it.document.query("a[rel=prev]")
