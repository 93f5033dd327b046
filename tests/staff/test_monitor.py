"""The monitor shows every submission's state and reason, without names and answers."""

from datetime import timedelta

import pytest

from intake.staff import monitor
from intake.store import audit, visits
from intake.store.outbox import delivery_steps, leases
from intake.store.outbox.counts import count_by_status
from intake.store.outbox.records import Status, find_record
from intake.store.outbox.retry import retry_submission
from tests.support.site_submissions import (
    accept_submission,
    hold_submission,
    lease_submission,
    queue_submission,
    record_worker_pass,
)
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.strict_pages import node_attributes


@pytest.fixture
def it(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "it")


def test_accepted_is_not_verified(pages: TestSite, it: StaffSession) -> None:
    record_worker_pass(pages)
    leased = lease_submission(pages)
    accept_submission(pages, leased)
    with pages.database.write() as tx:
        leases.release_lease(tx, leased, until=tx.now)
    it.open_page("/staff/monitor")
    assert it.table_rows()[0][1] == "Accepted, not verified"
    facts = it.fact_list()
    assert (facts["In progress"], facts["Last verified"], facts["Oldest waiting"]) == (
        "1",
        "never",
        "0 s ago",
    )


def test_the_list_shows_id_state_age_attempts_reason_and_explanation(
    pages: TestSite, it: StaffSession
) -> None:
    row = hold_submission(pages)
    waiting = lease_submission(pages, "Patient/2")
    with pages.database.write() as tx:
        delivery_steps.schedule_retry(
            tx,
            waiting,
            until=tx.now + timedelta(minutes=9),
            reason="http-503",
            words="The server cannot serve now.",
        )
    lease_submission(pages, "Patient/3")
    pages.clock.advance(minutes=3)
    record_worker_pass(pages)
    it.open_page("/staff/monitor")
    listed = it.table_rows()
    assert listed[2] == [
        *(row[:8], "Held", "3 min", "1", "patient"),
        *("The patient is gone.", "Riverside Family Clinic"),
    ]
    assert listed[1][1:6] == [
        *("Waiting", "3 min", "1", "http-503"),
        "The server cannot serve now. The worker tries again by itself.",
    ]
    assert listed[0][1] == "Sending"
    assert it.fact_list()["Held"] == "1"


def test_the_list_is_filtered_by_state_and_clinic(pages: TestSite, it: StaffSession) -> None:
    row = hold_submission(pages)
    queue_submission(pages, "Patient/2", "hillside")
    it.open_page("/staff/monitor?state=held")
    assert [entry[0] for entry in it.table_rows()] == [row[:8]]
    it.open_page("/staff/monitor?clinic=hillside")
    assert [entry[6] for entry in it.table_rows()] == ["Hillside Health"]
    # A state without submissions has no chip.
    assert not it.document.query(".counts .held")
    it.open_page("/staff/monitor?state=nonsense&clinic=nowhere&before=minus&from=soon&id=%00")
    assert len(it.table_rows()) == 2
    for place in (f"before={10**40}", "before=-3", "after=0", "from=0001-01-01", "to=9999-12-31"):
        assert it.open_page(f"/staff/monitor?{place}").status_code == 200


def test_long_lists_come_page_by_page(
    pages: TestSite, it: StaffSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "ROWS_PER_PAGE", 2)
    ids = [queue_submission(pages, f"Patient/{number}")[:8] for number in range(5)]
    seen = []
    it.open_page("/staff/monitor?state=queued")
    while True:
        seen += [row[0] for row in it.table_rows()]
        older = [str(node_attributes(node)["href"]) for node in it.document.query("a[rel=next]")]
        if not older:
            break
        it.open_page(older[0])
    assert seen == ids[::-1]


def test_the_page_refreshes_only_on_request_and_is_no_sign_of_activity(
    pages: TestSite, it: StaffSession
) -> None:
    assert "Refresh" not in it.open_page("/staff/monitor").headers
    again = it.open_page("/staff/monitor?state=held&live=on").headers["Refresh"]
    assert again == "30; url=/staff/monitor?state=held&live=on&by=itself"
    for _ in range(29):
        pages.clock.advance(minutes=1)
        assert it.open_page(again.partition("url=")[2]).status_code == 200
    pages.clock.advance(minutes=1)
    it.open_page(again.partition("url=")[2])
    assert it.path == "/staff/sign-in"


def test_the_age_of_each_schedule_is_shown(pages: TestSite, it: StaffSession) -> None:
    with pages.database.write() as tx:
        visits.record_fetch(tx, "riverside", [], tx.now, tx.now)
    pages.clock.advance(minutes=20)
    it.open_page("/staff/monitor")
    facts = it.fact_list()
    assert (facts["Riverside Family Clinic"], facts["Hillside Health"]) == (
        "fetched 20 min ago",
        "never fetched",
    )


def test_a_submission_page_shows_its_times(pages: TestSite, it: StaffSession) -> None:
    leased = lease_submission(pages)
    accept_submission(pages, leased)
    pages.clock.advance(seconds=5)
    with pages.database.write() as tx:
        delivery_steps.mark_verified(tx, leased)
    it.open_page(f"/staff/submissions/{leased.record.id}")
    facts = it.fact_list()
    assert facts["Id"] == leased.record.id
    assert facts["Stored here"] == "Nov 24, 10:00 AM EST / Nov 24, 3:00 PM UTC (5 s ago)"
    assert facts["Verified by read-back"] == "Nov 24, 10:00 AM EST / Nov 24, 3:00 PM UTC (0 s ago)"
    assert facts["Answers erased here"] == "Dec 24, 10:00 AM EST / Dec 24, 3:00 PM UTC"
    assert facts["Undo possible until"] == "Feb 22, 10:00 AM EST / Feb 22, 3:00 PM UTC"
    assert not it.document.query("main form")


def test_a_held_submission_is_retried(pages: TestSite, it: StaffSession) -> None:
    row = hold_submission(pages)
    it.open_page(f"/staff/submissions/{row}")
    it.send_form(form="/retry")
    assert "tries it again now" in it.messages[0]
    assert "Submission retried by ana, 0 s ago" in it.page.text
    with pages.database.read() as tx:
        leased = find_record(tx, row)
    assert leased is not None
    assert leased.status is Status.QUEUED


def test_a_second_retry_changes_nothing(pages: TestSite, it: StaffSession) -> None:
    row = hold_submission(pages)
    it.open_page(f"/staff/submissions/{row}")
    page = it.page
    it.send_form(form="/retry")
    it.page = page
    it.send_form(form="/retry")
    assert it.messages == ["The submission is no longer held or waiting."]


def test_a_discard_is_confirmed_and_erases_the_answers(pages: TestSite, it: StaffSession) -> None:
    row = hold_submission(pages)
    it.open_page(f"/staff/submissions/{row}/discard")
    assert it.heading == f"Discard submission {row[:8]}?"
    with pages.database.read() as tx:
        assert count_by_status(tx)[Status.HELD] == 1
    it.send_form()
    assert it.messages == ["The submission is discarded, and its answers are erased."]
    with pages.database.read() as tx:
        assert count_by_status(tx)[Status.DISCARDED] == 1
        assert [(entry.who, entry.action) for entry in audit.entries_about(tx, row)] == [
            ("ana", "submission-discarded")
        ]
        stored = tx.connection.exec_driver_sql("SELECT payload, detail FROM submissions").one()
    assert tuple(stored) == (None, None)


def test_only_a_held_submission_can_be_discarded(pages: TestSite, it: StaffSession) -> None:
    row = queue_submission(pages)
    it.open_page(f"/staff/submissions/{row}/discard")
    assert it.path == f"/staff/submissions/{row}"
    second_id = hold_submission(pages, "Patient/2")
    it.open_page(f"/staff/submissions/{second_id}/discard")
    with pages.database.write() as tx:
        retry_submission(tx, second_id)
    it.send_form()
    assert it.messages == ["Only a held submission can be discarded."]


def test_an_unknown_submission_is_not_found(it: StaffSession) -> None:
    for path in ("", "/discard"):
        assert it.open_page(f"/staff/submissions/nothing{path}").status_code == 404
        assert it.heading == "Page not found"


def test_no_page_shows_a_name_or_an_answer(pages: TestSite, it: StaffSession) -> None:
    pages.expect_visit("1", name="Zora Quist")
    row = hold_submission(pages)
    for path in (
        "/staff/monitor",
        f"/staff/submissions/{row}",
        f"/staff/submissions/{row}/discard",
    ):
        text = it.open_page(path).text
        assert not any(word in text for word in ("Zora", "Quist", "2028-9", "Patient/1", "1980"))
