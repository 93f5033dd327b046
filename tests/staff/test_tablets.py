"""Tablets are paired with a code that is shown once, and revoked after a confirmation."""

import pytest

from intake.store import audit, devices
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff


@pytest.fixture
def staff(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "it")


def make_pairing_code(
    staff: StaffSession, label: str = "Front door", clinic: str = "riverside"
) -> str:
    """Create a pairing code and return it."""
    staff.open_page("/staff/tablets")
    staff.send_form({"label": label, "clinic": clinic})
    assert staff.path == "/staff/tablets/pairing"
    return str(staff.document.query(".secret span[aria-hidden]")[0].to_text())


def test_a_tablet_is_paired_with_the_code_and_listed(pages: TestSite, staff: StaffSession) -> None:
    code = make_pairing_code(staff)
    assert "http://localhost/pair" in staff.page.text
    staff.open_page("/staff/tablets")
    assert staff.table_rows()[0][:4] == [
        "Front door",
        "Riverside Family Clinic",
        "Waiting for its pairing code",
        "never",
    ]
    tablet = PatientSession(pages)
    tablet.open_page("/pair")
    tablet.send_form({"code": code})
    pages.clock.advance(minutes=3)
    staff.open_page("/staff/tablets")
    assert staff.table_rows()[0][2:4] == ["Paired", "3 min ago"]


def test_an_expired_pairing_code_is_shown_as_expired(pages: TestSite, staff: StaffSession) -> None:
    make_pairing_code(staff)
    pages.clock.advance(minutes=29)
    staff.open_page("/staff/tablets")
    pages.clock.advance(minutes=29)
    staff.open_page("/staff/tablets/pairing")
    assert staff.path == "/staff/tablets"
    assert "can no longer be shown" in staff.messages[0]
    pages.clock.advance(minutes=2)
    staff.open_page("/staff/tablets")
    assert staff.table_rows()[0][2] == "Never paired, code expired"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"label": " ", "clinic": "riverside"}, "Enter the tablet's location."),
        ({"label": "x" * 81, "clinic": "riverside"}, "Use at most 80 characters."),
        ({"label": "Door", "clinic": "elsewhere"}, "Choose one of the clinics."),
        ({"label": "Door"}, "Choose one of the clinics."),
    ],
)
def test_a_wrong_entry_is_explained_and_creates_no_tablet(
    pages: TestSite, staff: StaffSession, fields: dict[str, str], message: str
) -> None:
    staff.open_page("/staff/tablets")
    staff.send_form(fields)
    assert staff.page.status_code == 422
    assert staff.messages == [message]
    with pages.database.read() as tx:
        assert devices.list_devices(tx) == ()


def test_a_revocation_is_confirmed_and_stops_the_tablet(
    pages: TestSite, staff: StaffSession
) -> None:
    code = make_pairing_code(staff)
    tablet = PatientSession(pages)
    tablet.open_page("/pair")
    tablet.send_form({"code": code})
    with pages.database.read() as tx:
        [device] = devices.list_devices(tx)
    staff.open_page(f"/staff/tablets/{device.id}/revoke")
    assert staff.heading == "Revoke “Front door”?"
    with pages.database.read() as tx:
        assert devices.list_devices(tx)[0].revoked_at is None
    staff.send_form()
    assert staff.messages == ["The tablet “Front door” is revoked."]
    assert "Revoked tablets (1)" in staff.page.text
    tablet.open_page("/")
    assert not tablet.document.query('button[name="language"]')
    assert staff.open_page(f"/staff/tablets/{device.id}/revoke").status_code == 404
    with pages.database.read() as tx:
        assert [(entry.who, entry.action) for entry in audit.entries_about(tx, device.id)] == [
            ("ana", "tablet-revoked")
        ]
