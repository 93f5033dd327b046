"""The worklist shows administrators what to enter, and the worker reads the chart back."""

import json

import pytest

from intake.store import audit
from intake.store.outbox import hold, worklist
from intake.store.outbox.records import Status, find_record
from intake.store.tables import submissions as table
from tests.support.site_submissions import WORKSHEET, hold_submission, lease_submission
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff


@pytest.fixture
def admin(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "admin")


def hold_for_worklist(site: TestSite, words: str = "Cantonese <i>") -> str:
    found = lease_submission(site)
    worksheet = json.loads(json.dumps(WORKSHEET).replace("Cantonese <i>", words))
    with site.database.write() as tx:
        hold.hold_submission(
            tx,
            found,
            reason="worklist",
            words="A person has to type it.",
            detail=json.dumps(worksheet),
        )
    return found.record.id


def test_the_worklist_shows_the_entries_and_audits_the_view(
    pages: TestSite, admin: StaffSession
) -> None:
    admin.open_page("/staff/worklist")
    assert "The worklist is empty." in admin.page.text
    identity = hold_for_worklist(pages)
    admin.open_page("/staff/worklist")
    for words in ("4711", "1980-02-29", "Patient/1", "Spoken language", "Cantonese &lt;i&gt;"):
        assert words in admin.page.text
    admin.send_form({}, form=f"/staff/worklist/{identity}/typed")
    assert "The worklist is empty." in admin.page.text
    with pages.database.read() as tx:
        row, done = find_record(tx, identity), audit.recent_entries(tx, 10, 0)
    assert row is not None
    assert (row.status, row.typed_at is not None) == (Status.QUEUED, True)
    assert [entry.action for entry in done][:2] == ["submission-typed", "worklist-read"]


def test_words_that_turn_text_about_are_isolated_and_show_it(
    pages: TestSite, admin: StaffSession
) -> None:
    hold_for_worklist(pages, "\u202elive")
    admin.open_page("/staff/worklist")
    assert "<dd><bdi>[U+202E]live</bdi></dd>" in admin.page.text


@pytest.mark.parametrize("column", ["payload", "detail"])
def test_an_unreadable_entry_is_named_and_the_others_are_shown(
    pages: TestSite, admin: StaffSession, column: str
) -> None:
    lost, _ = hold_for_worklist(pages), hold_for_worklist(pages)
    with pages.database.write() as tx:
        strange = tx.cipher.encrypt(b"said", "another row")
        tx.connection.execute(table.update().where(table.c.id == lost).values({column: strange}))
    admin.open_page("/staff/worklist")
    assert "1 more cannot be decrypted here. Restore the key file" in admin.page.text
    assert f"/staff/submissions/{lost}" in admin.page.text
    assert "4711" in admin.page.text


def test_a_submission_held_for_another_reason_is_not_listed(
    pages: TestSite, admin: StaffSession
) -> None:
    hold_submission(pages)
    admin.open_page("/staff/worklist")
    assert "The worklist is empty." in admin.page.text


def test_a_second_confirmation_changes_nothing(pages: TestSite, admin: StaffSession) -> None:
    identity = hold_for_worklist(pages)
    admin.open_page("/staff/worklist")
    with pages.database.write() as tx:
        assert worklist.mark_typed(tx, identity)
    admin.send_form({}, form=f"/staff/worklist/{identity}/typed")
    assert "The submission is no longer held." in admin.page.text


def test_the_submission_page_shows_no_answers(pages: TestSite) -> None:
    identity, it = hold_for_worklist(pages), sign_in_staff(pages, "it")
    for path in ("/staff/monitor", f"/staff/submissions/{identity}"):
        it.open_page(path)
        assert "Cantonese" not in it.page.text
