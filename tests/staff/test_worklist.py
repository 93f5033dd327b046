"""The administrator's worklist: what to type into which chart, for nobody else; what is typed is read back, never believed."""

import json

import pytest

from intake.store import audit
from intake.store.outbox import leases, submissions, worklist
from intake.store.outbox.submissions import Status
from intake.store.tables import submissions as table
from tests.staff.test_monitor import hold_submission, lease_submission
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff

WORKSHEET = {
    "identifiers": ["urn:other|1", "urn:mrn|4711"],
    "birth_date": "1980-02-29",
    "values": [
        {"element": "spoken-language", "words": "Cantonese <i>", "codes": ["urn:ietf:bcp:47|yue"]}
    ],
}


@pytest.fixture
def admin(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "admin")


def waits(site: TestSite) -> str:
    found = lease_submission(site)
    with site.database.write() as tx:
        leases.hold_submission(
            tx,
            found,
            reason="worklist",
            words="A person has to type it.",
            detail=json.dumps(WORKSHEET),
        )
    return found.record.id


def test_it_says_what_to_type_into_which_chart_and_notes_who_looked(
    pages: TestSite, admin: StaffSession
) -> None:
    admin.open_page("/staff/worklist")
    assert "The worklist is empty." in admin.page.text
    identity = waits(pages)
    admin.open_page("/staff/worklist")
    for words in ("4711", "1980-02-29", "Patient/1", "Spoken language", "Cantonese &lt;i&gt;"):
        assert words in admin.page.text
    admin.send_form({}, form=f"/staff/worklist/{identity}/typed")
    assert "The worklist is empty." in admin.page.text
    with pages.database.read() as tx:
        row, done = submissions.find_record(tx, identity), audit.recent_entries(tx, 10, 0)
    assert row is not None
    assert (row.status, row.typed_at is not None) == (Status.QUEUED, True)
    assert [each.action for each in done][:2] == ["submission-typed", "worklist-read"]


@pytest.mark.parametrize("column", ["payload", "detail"])
def test_what_cannot_be_read_is_named_and_keeps_nothing_else_back(
    pages: TestSite, admin: StaffSession, column: str
) -> None:
    lost, _ = waits(pages), waits(pages)
    with pages.database.write() as tx:
        strange = tx.cipher.encrypt(b"said", "another row")
        tx.connection.execute(table.update().where(table.c.id == lost).values({column: strange}))
    admin.open_page("/staff/worklist")
    assert "1 more cannot be decrypted here. Restore the key file" in admin.page.text
    assert f"/staff/submissions/{lost}" in admin.page.text
    assert "4711" in admin.page.text


def test_what_is_held_for_another_reason_is_not_there(pages: TestSite, admin: StaffSession) -> None:
    hold_submission(pages)
    admin.open_page("/staff/worklist")
    assert "The worklist is empty." in admin.page.text


def test_a_second_press_says_that_there_is_nothing_to_do(
    pages: TestSite, admin: StaffSession
) -> None:
    identity = waits(pages)
    admin.open_page("/staff/worklist")
    with pages.database.write() as tx:
        assert worklist.mark_typed(tx, identity)
    admin.send_form({}, form=f"/staff/worklist/{identity}/typed")
    assert "The submission is no longer held." in admin.page.text


def test_its_page_never_shows_what_was_answered(pages: TestSite) -> None:
    identity, it = waits(pages), sign_in_staff(pages, "it")
    for path in ("/staff/monitor", f"/staff/submissions/{identity}"):
        it.open_page(path)
        assert "Cantonese" not in it.page.text
