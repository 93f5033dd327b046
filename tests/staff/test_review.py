"""Reviewers decide conflicts and request undo; the worker carries both out."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from fhir_client.model import Conflict
from intake.store import audit
from intake.store.outbox import (
    conflict_decisions,
    delivery_steps,
    hold,
    leases,
    undo_leases,
    undo_requests,
)
from intake.store.outbox.conflict_decisions import ConflictChoice
from intake.store.outbox.records import Status, find_record
from intake.store.outbox.retry import retry_submission
from intake.store.tables import submissions as table
from tests.support.site_submissions import (
    accept_submission,
    hold_submission,
    lease_submission,
)
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff

RACE = Conflict("race", ("White",), ("Asian",), "over")
LANGUAGE = Conflict("spoken-language", ("English",), ("Español",), "over")


@pytest.fixture
def reviewer(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "reviewer", name="rea")


def hold_in_conflict(site: TestSite, *contests: Conflict) -> str:
    leased = lease_submission(site)
    with site.database.write() as tx:
        hold.hold_submission(
            tx,
            leased,
            reason="chart-changed",
            words="Changed (race).",
            detail=conflict_decisions.encode_conflicts(contests or (RACE,)),
        )
    return leased.record.id


def verify_submission(site: TestSite) -> str:
    leased = lease_submission(site)
    accept_submission(site, leased)
    with site.database.write() as tx:
        delivery_steps.mark_verified(tx, leased)
    return leased.record.id


def hold_undo(site: TestSite) -> str:
    """Hold an undo because another user changed the race since; return the submission's id."""
    row = verify_submission(site)
    with site.database.write() as tx:
        undo_requests.request_undo(tx, row)
        [leased] = undo_leases.acquire_undo_leases(tx, "main", limit=1, lease=timedelta(minutes=5))
        hold.hold_submission(
            tx,
            leased,
            reason="chart-changed",
            words="Changed (race).",
            detail=conflict_decisions.encode_conflicts((RACE,)),
        )
    return row


def list_actions(site: TestSite, row: str) -> list[tuple[str, str]]:
    with site.database.read() as tx:
        return [(entry.who, entry.action) for entry in audit.entries_about(tx, row)]


def read_status(site: TestSite, row: str) -> Status:
    with site.database.read() as tx:
        leased = find_record(tx, row)
    assert leased is not None
    return leased.status


def test_a_reviewer_sees_both_values_and_decides(pages: TestSite, reviewer: StaffSession) -> None:
    row = hold_in_conflict(pages, RACE, LANGUAGE)
    reviewer.open_page("/staff/review")
    assert [entry[0] for entry in reviewer.table_rows()] == [row[:8]]
    reviewer.open_page(f"/staff/review/{row}")
    assert all(words in reviewer.page.text for words in ("White", "Asian", "English", "Español"))
    reviewer.send_form({"race": "person", "spoken-language": "chart"})
    assert reviewer.messages == [
        "The worker carries out your decision now. Refresh the page in a moment."
    ]
    assert list_actions(pages, row) == [("rea", "conflict-decided")]
    with pages.database.write() as tx:
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=5))
    assert {name: entry.take for name, entry in leased.decisions.items()} == {
        "race": ConflictChoice.PERSON,
        "spoken-language": ConflictChoice.CHART,
    }
    reviewer.open_page("/staff/review")
    assert "No submission is held for a reviewer." in reviewer.page.text


def test_a_reviewer_sees_which_value_is_the_patients_own(
    pages: TestSite, reviewer: StaffSession
) -> None:
    row = hold_in_conflict(
        pages, Conflict("race", ("White",), ("Asian",), "over", by_patient=True), LANGUAGE
    )
    reviewer.open_page(f"/staff/review/{row}")
    words = " ".join(reviewer.page.text.split())
    assert "The informant's answer: <b><bdi>Asian" in words
    assert "The patient's own earlier answer in the chart: <b><bdi>White" in words
    assert "The patient's answer: <b><bdi>Español" in words


def test_words_that_turn_text_about_are_isolated_and_show_it(
    pages: TestSite, reviewer: StaffSession
) -> None:
    row = hold_in_conflict(
        pages, Conflict("race", ("\u202elive", "White"), ("\u2067Asian",), "over")
    )
    reviewer.open_page(f"/staff/review/{row}")
    words = " ".join(reviewer.page.text.split())
    assert "<b><bdi>[U+202E]live</bdi>; <bdi>White</bdi></b>" in words
    assert "<b><bdi>[U+2067]Asian</bdi></b>" in words
    assert not {"\u202e", "\u2067"} & set(reviewer.page.text)


def test_every_conflict_needs_a_known_choice(pages: TestSite, reviewer: StaffSession) -> None:
    row = hold_in_conflict(pages, RACE, LANGUAGE)
    reviewer.open_page(f"/staff/review/{row}")
    assert reviewer.send_form({"race": "person", "spoken-language": "both"}).status_code == 422
    assert reviewer.messages == ["Decide on each item."]
    assert read_status(pages, row) is Status.HELD


def test_a_decision_on_outdated_values_is_refused(pages: TestSite, reviewer: StaffSession) -> None:
    row = hold_in_conflict(pages)
    reviewer.open_page(f"/staff/review/{row}")
    with pages.database.write() as tx:
        retry_submission(tx, row)
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=5))
        changed = conflict_decisions.encode_conflicts(
            (Conflict("race", ("Black",), ("Asian",), "other"),)
        )
        hold.hold_submission(
            tx, leased, reason="chart-changed", words="Changed (race).", detail=changed
        )
    assert reviewer.send_form({"race": "chart"}).status_code == 422
    assert reviewer.messages == [
        "The chart has changed since you opened this page. Check it again, then decide."
    ]
    assert "Black" in reviewer.page.text
    with pages.database.write() as tx:
        retry_submission(tx, row)
    reviewer.send_form({"race": "chart"})
    assert reviewer.messages == [
        "The submission is no longer held for a reviewer. Nothing was changed."
    ]


def test_it_and_administrators_see_the_conflict_without_answers(pages: TestSite) -> None:
    row = hold_in_conflict(pages)
    for role in ("it", "admin"):
        person = sign_in_staff(pages, role, name=role)
        for path in ("/staff/monitor", f"/staff/submissions/{row}"):
            text = person.open_page(path).text
            assert not any(words in text for words in ("Asian", "White"))
        assert "Reviewer: decides which value the chart keeps" in person.page.text
        assert "Decide…" not in person.page.text
        assert person.open_page(f"/staff/review/{row}").status_code == 403


@pytest.mark.parametrize("role", ["reviewer", "admin"])
def test_an_undo_is_confirmed_and_shows_its_deadline(pages: TestSite, role: str) -> None:
    row, person = verify_submission(pages), sign_in_staff(pages, role)
    person.open_page(f"/staff/submissions/{row}")
    person.open_page(f"/staff/submissions/{row}/undo")
    assert person.heading == f"Undo submission {row[:8]}?"
    assert (
        "Feb 22, 10:00 AM EST</time>. After that the prior values are erased here."
        in person.page.text
    )
    page = person.page
    person.send_form()
    assert person.messages == ["The worker undoes it now."]
    assert "Undo: queued." in person.page.text
    person.page = page
    person.send_form()
    assert person.messages == ["It is undone already, or its undo is in progress."]
    assert list_actions(pages, row) == [("ana", "undo-asked")]
    assert person.open_page(f"/staff/submissions/{row}/undo").status_code == 200
    assert person.path == f"/staff/submissions/{row}"


def test_it_cannot_undo_and_an_administrator_cannot_retry(pages: TestSite) -> None:
    row = verify_submission(pages)
    it, admin = sign_in_staff(pages, "it", name="it"), sign_in_staff(pages, "admin", name="admin")
    it.open_page(f"/staff/submissions/{row}")
    assert "Undo…" not in it.page.text
    admin.open_page(f"/staff/submissions/{hold_submission(pages, 'Patient/9')}")
    assert "Discard" not in admin.page.text
    assert "Try again" not in admin.page.text


def test_an_undo_is_not_offered_after_its_deadline(pages: TestSite, reviewer: StaffSession) -> None:
    row = verify_submission(pages)
    pages.clock.advance(days=90)
    again = sign_in_staff(pages, "reviewer", name="rob")
    again.open_page(f"/staff/submissions/{row}")
    assert "Undo…" not in again.page.text


def test_a_held_undo_can_keep_what_others_changed(pages: TestSite, reviewer: StaffSession) -> None:
    row = hold_undo(pages)
    reviewer.open_page(f"/staff/submissions/{row}")
    assert "Discard" not in reviewer.page.text
    reviewer.open_page(f"/staff/review/{row}")
    assert "Keep the chart as it is" in reviewer.page.text
    assert reviewer.send_form({"race": "person"}).status_code == 422
    reviewer.send_form({"race": "chart"})
    assert read_status(pages, row) is Status.QUEUED


def test_a_held_undo_can_be_stopped(pages: TestSite, reviewer: StaffSession) -> None:
    row = hold_undo(pages)
    reviewer.open_page(f"/staff/submissions/{row}")
    reviewer.send_form(form="/undo/stop")
    assert reviewer.messages == ["The undo is stopped. The chart keeps what was written."]
    assert (read_status(pages, row), list_actions(pages, row)[0]) == (
        Status.VERIFIED,
        ("rea", "undo-stopped"),
    )


def test_drifted_charts_are_counted_and_listed_by_id(pages: TestSite) -> None:
    row, _ = verify_submission(pages), hold_submission(pages, "Patient/9")
    with pages.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE submissions SET drift = 'changed' WHERE status = 'verified'"
        )
    it = sign_in_staff(pages, "it")
    it.open_page("/staff/monitor")
    assert "<b>1</b> Chart changed after verification" in it.page.text
    it.open_page("/staff/monitor?chart=other")
    assert [entry[0] for entry in it.table_rows()] == [row[:8]]
    assert "changed after verification" in it.table_rows()[0][5]


def test_charts_that_say_more_are_counted_and_listed(pages: TestSite) -> None:
    row, _ = verify_submission(pages), hold_submission(pages, "Patient/9")
    with pages.database.write() as tx:
        query = update(table).where(table.c.id == row).values(says_more=True)
        tx.connection.execute(query)
    it = sign_in_staff(pages, "it")
    it.open_page("/staff/monitor")
    assert "<b>1</b> Chart says more than the patient said" in it.page.text
    it.open_page("/staff/monitor?chart=more")
    assert [entry[0] for entry in it.table_rows()] == [row[:8]]
    it.open_page(f"/staff/submissions/{row}")
    assert "it keeps a value of another source" in it.page.text
