"""The tablets: paired by a code that is shown once, seen, and revoked after a question."""

import pytest

from intake.store import audit, devices
from tests.members import Member, member
from tests.patients import Person
from tests.sites import TestSite


@pytest.fixture
def staff(pages: TestSite) -> Member:
    return member(pages, "it")


def pairing(staff: Member, label: str = "Front door", clinic: str = "riverside") -> str:
    """Make a pairing code and return it."""
    staff.get("/staff/tablets")
    staff.send({"label": label, "clinic": clinic})
    assert staff.path == "/staff/tablets/pairing"
    return str(staff.document.query(".secret span[aria-hidden]")[0].to_text())


def test_a_tablet_is_paired_with_the_code_and_seen_in_the_list(
    pages: TestSite, staff: Member
) -> None:
    code = pairing(staff)
    assert "http://localhost/pair" in staff.page.text
    staff.get("/staff/tablets")
    assert staff.rows()[0][:4] == [
        "Front door",
        "Riverside Family Clinic",
        "Waits for its pairing code",
        "never",
    ]
    tablet = Person(pages)
    tablet.get("/pair")
    tablet.send({"code": code})
    pages.clock.advance(minutes=3)
    staff.get("/staff/tablets")
    assert staff.rows()[0][2:4] == ["Paired", "3 min ago"]


def test_a_code_that_is_over_is_told(pages: TestSite, staff: Member) -> None:
    pairing(staff)
    pages.clock.advance(minutes=29)
    staff.get("/staff/tablets")
    pages.clock.advance(minutes=29)
    staff.get("/staff/tablets/pairing")
    assert staff.path == "/staff/tablets"
    assert "not shown any more" in staff.told[0]
    pages.clock.advance(minutes=2)
    staff.get("/staff/tablets")
    assert staff.rows()[0][2] == "Never paired; the code is over"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"label": " ", "clinic": "riverside"}, "Say where the tablet stands."),
        ({"label": "x" * 81, "clinic": "riverside"}, "Use at most 80 characters."),
        ({"label": "Door", "clinic": "elsewhere"}, "Choose one of the clinics."),
        ({"label": "Door"}, "Choose one of the clinics."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    pages: TestSite, staff: Member, given: dict[str, str], told: str
) -> None:
    staff.get("/staff/tablets")
    staff.send(given)
    assert staff.page.status_code == 422
    assert staff.told == [told]
    with pages.database.read() as tx:
        assert devices.listing(tx) == ()


def test_revoking_asks_first_and_then_the_tablet_opens_nothing(
    pages: TestSite, staff: Member
) -> None:
    code = pairing(staff)
    tablet = Person(pages)
    tablet.get("/pair")
    tablet.send({"code": code})
    with pages.database.read() as tx:
        [device] = devices.listing(tx)
    staff.get(f"/staff/tablets/{device.id}/revoke")
    assert staff.heading == "Revoke “Front door”?"
    with pages.database.read() as tx:
        assert devices.listing(tx)[0].revoked_at is None
    staff.send()
    assert staff.told == ["“Front door” is revoked."]
    assert "Revoked tablets (1)" in staff.page.text
    tablet.get("/")
    assert not tablet.document.query('button[name="language"]')
    assert staff.get(f"/staff/tablets/{device.id}/revoke").status_code == 404
    with pages.database.read() as tx:
        assert [(each.who, each.action) for each in audit.about(tx, device.id)] == [
            ("ana", "tablet-revoked")
        ]
