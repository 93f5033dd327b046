"""IT's monitor: what gets through, what waits, what is held and why; no name, no answer, and nothing better than it is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.staff import monitor
from intake.store import audit, servers, visits
from intake.store.outbox import leases, submissions
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.submissions import Status
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from tests.store.test_submissions import make_submission
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.strict_pages import node_attributes


@pytest.fixture
def it(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "it")


def queue_submission(site: TestSite, patient: str = "Patient/1", clinic: str = "riverside") -> str:
    """Put a submission into the outbox and return its id."""
    said = replace(make_submission(), patient=patient, clinic=clinic)
    with site.database.write() as tx:
        submissions.store_submission(tx, said, "main")
    return str(said.id)


def lease_submission(site: TestSite, patient: str = "Patient/1") -> LeasedSubmission:
    """Put a submission into the outbox, and claim it."""
    queue_submission(site, patient)
    with site.database.write() as tx:
        [found] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=5))
    return found


def hold_submission(site: TestSite, patient: str = "Patient/1") -> str:
    """A submission that is held."""
    found = lease_submission(site, patient)
    with site.database.write() as tx:
        leases.hold_submission(
            tx, found, reason="patient", words="The patient is gone.", detail="said: 2028-9"
        )
    return found.record.id


def accept_submission(site: TestSite, found: LeasedSubmission) -> None:
    """The server took it, and nobody has read it back yet."""
    with site.database.write() as tx:
        assert leases.record_sending(
            tx, found, UndoRecord(WriteTarget("Patient/1", "7"), "{}"), timedelta(minutes=5)
        )
        assert leases.mark_accepted(tx, found)


def record_worker_pass(site: TestSite) -> None:
    with site.database.write() as tx:
        servers.record_worker_seen(tx, "main")


def test_accepted_is_not_verified(pages: TestSite, it: StaffSession) -> None:
    record_worker_pass(pages)
    found = lease_submission(pages)
    accept_submission(pages, found)
    with pages.database.write() as tx:
        leases.release_lease(tx, found, until=tx.now)
    it.open_page("/staff/monitor")
    assert it.table_rows()[0][1] == "Accepted, not verified"
    facts = it.fact_list()
    assert (facts["In progress"], facts["Last verified"], facts["Oldest waiting"]) == (
        "1",
        "never",
        "0 s ago",
    )


def test_the_list_says_id_state_age_tries_reason_and_what_next(
    pages: TestSite, it: StaffSession
) -> None:
    row = hold_submission(pages)
    waiting = lease_submission(pages, "Patient/2")
    with pages.database.write() as tx:
        leases.schedule_retry(
            tx,
            waiting,
            until=tx.now + timedelta(minutes=9),
            reason="http-503",
            words="The server cannot serve now.",
        )
    lease_submission(pages, "Patient/3")
    pages.clock.advance(minutes=3)
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


def test_states_and_clinics_are_filtered_and_counted(pages: TestSite, it: StaffSession) -> None:
    row = hold_submission(pages)
    queue_submission(pages, "Patient/2", "hillside")
    it.open_page("/staff/monitor?state=held")
    assert [each[0] for each in it.table_rows()] == [row[:8]]
    it.open_page("/staff/monitor?clinic=hillside")
    assert [each[6] for each in it.table_rows()] == ["Hillside Health"]
    assert "<b>0</b> Held" in it.page.text
    it.open_page("/staff/monitor?state=nonsense&clinic=nowhere&page=minus")
    assert len(it.table_rows()) == 2
    assert it.open_page(f"/staff/monitor?page={10**40}").status_code == 200
    assert it.open_page("/staff/monitor?page=-3").status_code == 200


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


def test_it_refreshes_itself_only_where_that_is_asked_for_and_keeps_nobody_signed_in(
    pages: TestSite, it: StaffSession
) -> None:
    assert "Refresh" not in it.open_page("/staff/monitor").headers
    again = it.open_page("/staff/monitor?state=held&live=on").headers["Refresh"]
    assert again == "30; url=/staff/monitor?state=held&live=on&page=1&by=itself"
    for _ in range(29):
        pages.clock.advance(minutes=1)
        assert it.open_page(again.partition("url=")[2]).status_code == 200
    pages.clock.advance(minutes=1)
    it.open_page(again.partition("url=")[2])
    assert it.path == "/staff/sign-in"


def test_schedules_that_were_not_fetched_are_told(pages: TestSite, it: StaffSession) -> None:
    with pages.database.write() as tx:
        visits.record_fetch(tx, "riverside", [], tx.now, tx.now)
    pages.clock.advance(minutes=20)
    it.open_page("/staff/monitor")
    facts = it.fact_list()
    assert (facts["Riverside Family Clinic"], facts["Hillside Health"]) == (
        "fetched 20 min ago",
        "never fetched",
    )


def test_one_submission_has_its_times(pages: TestSite, it: StaffSession) -> None:
    found = lease_submission(pages)
    accept_submission(pages, found)
    pages.clock.advance(seconds=5)
    with pages.database.write() as tx:
        leases.mark_verified(tx, found)
    it.open_page(f"/staff/submissions/{found.record.id}")
    facts = it.fact_list()
    assert facts["Id"] == found.record.id
    assert facts["Stored here"] == "Nov 24, 10:00 AM EST (5 s ago)"
    assert facts["Verified by read-back"] == "Nov 24, 10:00 AM EST (0 s ago)"
    assert facts["Answers erased here"] == "Dec 24, 10:00 AM EST"
    assert facts["Undo possible until"] == "Feb 22, 10:00 AM EST"
    assert not it.document.query("main form")


def test_a_held_one_is_tried_again(pages: TestSite, it: StaffSession) -> None:
    row = hold_submission(pages)
    it.open_page(f"/staff/submissions/{row}")
    it.send_form(form="/retry")
    assert "tries it again now" in it.messages[0]
    assert "Submission retried by ana, 0 s ago" in it.page.text
    with pages.database.read() as tx:
        found = submissions.find_record(tx, row)
    assert found is not None
    assert found.status is Status.QUEUED


def test_a_second_press_says_that_there_is_nothing_to_do(pages: TestSite, it: StaffSession) -> None:
    row = hold_submission(pages)
    it.open_page(f"/staff/submissions/{row}")
    page = it.page
    it.send_form(form="/retry")
    it.page = page
    it.send_form(form="/retry")
    assert it.messages == ["The submission is no longer held or waiting."]


def test_discarding_asks_first_and_erases_the_answers(pages: TestSite, it: StaffSession) -> None:
    row = hold_submission(pages)
    it.open_page(f"/staff/submissions/{row}/discard")
    assert it.heading == f"Discard submission {row[:8]}?"
    with pages.database.read() as tx:
        assert submissions.count_by_status(tx)[Status.HELD] == 1
    it.send_form()
    assert it.messages == ["The submission is discarded, and its answers are erased."]
    with pages.database.read() as tx:
        assert submissions.count_by_status(tx)[Status.DISCARDED] == 1
        assert [(each.who, each.action) for each in audit.entries_about(tx, row)] == [
            ("ana", "submission-discarded")
        ]
        kept = tx.connection.exec_driver_sql("SELECT payload, detail FROM submissions").one()
    assert tuple(kept) == (None, None)


def test_only_a_held_one_can_be_discarded(pages: TestSite, it: StaffSession) -> None:
    row = queue_submission(pages)
    it.open_page(f"/staff/submissions/{row}/discard")
    assert it.path == f"/staff/submissions/{row}"
    other = hold_submission(pages, "Patient/2")
    it.open_page(f"/staff/submissions/{other}/discard")
    with pages.database.write() as tx:
        submissions.retry_submission(tx, other)
    it.send_form()
    assert it.messages == ["Only a held submission can be discarded."]


def test_an_unknown_one_meets_a_calm_page(it: StaffSession) -> None:
    for path in ("", "/discard"):
        assert it.open_page(f"/staff/submissions/nothing{path}").status_code == 404
        assert it.heading == "Page not found"


def test_no_name_and_no_answer_is_ever_there(pages: TestSite, it: StaffSession) -> None:
    pages.expect_visit("1", name="Zora Quist")
    row = hold_submission(pages)
    for path in (
        "/staff/monitor",
        f"/staff/submissions/{row}",
        f"/staff/submissions/{row}/discard",
    ):
        text = it.open_page(path).text
        assert not any(said in text for said in ("Zora", "Quist", "2028-9", "Patient/1", "1980"))
