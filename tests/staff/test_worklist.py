"""The administrator's worklist: what to type into which chart, for nobody else; what is typed is read back, never believed."""

import json

import pytest

from intake.store import audit, claims, submissions, worklist
from intake.store.submissions import Status
from intake.store.tables import submissions as table
from tests.members import Member, member
from tests.sites import TestSite

from .test_monitor import claimed, held

SHEET = {
    "identifiers": ["urn:other|1", "urn:mrn|4711"],
    "birth_date": "1980-02-29",
    "values": [
        {"element": "spoken-language", "words": "Cantonese <i>", "codes": ["urn:ietf:bcp:47|yue"]}
    ],
}


@pytest.fixture
def admin(pages: TestSite) -> Member:
    return member(pages, "admin")


def waits(site: TestSite) -> str:
    found = claimed(site)
    with site.database.write() as tx:
        claims.hold(
            tx, found, reason="worklist", words="A person has to type it.", detail=json.dumps(SHEET)
        )
    return found.row.id


def test_it_says_what_to_type_into_which_chart_and_notes_who_looked(
    pages: TestSite, admin: Member
) -> None:
    admin.get("/staff/worklist")
    assert "Nothing waits to be typed." in admin.page.text
    identity = waits(pages)
    admin.get("/staff/worklist")
    for words in ("4711", "1980-02-29", "Patient/1", "Spoken language", "Cantonese &lt;i&gt;"):
        assert words in admin.page.text
    admin.send({}, form=f"/staff/worklist/{identity}/typed")
    assert "Nothing waits to be typed." in admin.page.text
    with pages.database.read() as tx:
        row, done = submissions.get(tx, identity), audit.recent(tx, 10, 0)
    assert row is not None
    assert (row.status, row.typed_at is not None) == (Status.QUEUED, True)
    assert [each.action for each in done][:2] == ["submission-typed", "worklist-read"]


@pytest.mark.parametrize("column", ["payload", "detail"])
def test_what_cannot_be_read_is_named_and_keeps_nothing_else_back(
    pages: TestSite, admin: Member, column: str
) -> None:
    lost, _ = waits(pages), waits(pages)
    with pages.database.write() as tx:
        strange = tx.cipher.seal(b"said", "another row")
        tx.connection.execute(table.update().where(table.c.id == lost).values({column: strange}))
    admin.get("/staff/worklist")
    assert "1 more to type cannot be read here: bring back the key file" in admin.page.text
    assert f"/staff/submissions/{lost}" in admin.page.text
    assert "4711" in admin.page.text


def test_what_is_held_for_another_reason_is_not_there(pages: TestSite, admin: Member) -> None:
    held(pages)
    admin.get("/staff/worklist")
    assert "Nothing waits to be typed." in admin.page.text


def test_a_second_press_says_that_there_is_nothing_to_do(pages: TestSite, admin: Member) -> None:
    identity = waits(pages)
    admin.get("/staff/worklist")
    with pages.database.write() as tx:
        assert worklist.typed(tx, identity)
    admin.send({}, form=f"/staff/worklist/{identity}/typed")
    assert "It is not held any more." in admin.page.text


def test_its_page_never_shows_what_was_answered(pages: TestSite) -> None:
    identity, it = waits(pages), member(pages, "it")
    for path in ("/staff/monitor", f"/staff/submissions/{identity}"):
        it.get(path)
        assert "Cantonese" not in it.page.text
