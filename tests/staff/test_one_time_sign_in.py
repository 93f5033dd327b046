"""One-time sign-ins work once, and the user sets the password."""

import pytest

from intake.store import users
from tests.support.sites import TestSite
from tests.support.staff import PASSWORD, StaffSession, sign_in_staff


def make_one_time_path(site: TestSite, name: str = "bo", *, password: str | None = None) -> str:
    """Return the path of a one-time sign-in for a new desk user."""
    with site.database.write() as tx:
        token = users.create_one_time_token(
            tx, users.add_user(tx, name, {"desk"}, password), users.ONE_TIME_LIFETIME
        )
    return f"/staff/once/{token}"


def test_a_one_time_sign_in_works_once_and_a_preview_uses_nothing(pages: TestSite) -> None:
    path = make_one_time_path(pages)
    preview = pages.open_client()
    assert preview.get(path).status_code == 200
    assert preview.head(path).status_code == 200
    person = StaffSession(pages)
    person.open_page(path)
    person.send_form()
    assert person.path == "/staff/today"
    assert "You have no password yet" in person.messages[0]
    again = StaffSession(pages)
    again.open_page(path)
    again.send_form()
    assert (again.page.status_code, again.heading) == (410, "This one-time sign-in no longer works")
    assert "Signed in as" not in again.page.text


def test_expired_unknown_and_disabled_sign_ins_look_the_same(
    pages: TestSite,
) -> None:
    late, disabled = make_one_time_path(pages), make_one_time_path(pages, "al")
    with pages.database.write() as tx:
        al = users.find_by_name(tx, "al")
        assert al is not None
        users.disable_user(tx, al)
    pages.clock.advance(hours=24)
    answers = set()
    for path in (late, disabled, "/staff/once/unknown"):
        person = StaffSession(pages)
        person.open_page(path)
        person.send_form()
        answers.add((person.page.status_code, person.heading))
    assert answers == {(410, "This one-time sign-in no longer works")}


def test_a_one_time_sign_in_sets_a_password_without_the_old_one(
    pages: TestSite,
) -> None:
    path = make_one_time_path(pages, password="forgotten by its owner")
    person = StaffSession(pages)
    person.open_page(path)
    person.send_form()
    person.open_page("/staff/password")
    assert not person.document.query("#current")
    person.send_form({"new": "short", "again": "other"})
    assert person.messages == ["Use at least 12 characters.", "The two new passwords differ."]
    person.send_form({"new": "a new long passphrase", "again": "a new long passphrase"})
    assert person.messages == ["Your password is set. You are signed out everywhere else."]
    fresh = StaffSession(pages)
    fresh.sign_in("bo", "a new long passphrase")
    assert fresh.path == "/staff/today"


def test_a_password_change_needs_the_old_one_and_ends_other_sign_ins(pages: TestSite) -> None:
    here, there = sign_in_staff(pages, "desk"), StaffSession(pages)
    there.sign_in("ana")
    here.open_page("/staff/password")
    here.send_form(
        {"current": "wrong", "new": "a new long passphrase", "again": "a new long passphrase"}
    )
    assert here.messages == ["The current password is wrong, or there were too many attempts."]
    here.send_form(
        {"current": PASSWORD, "new": "a new long passphrase", "again": "a new long passphrase"}
    )
    assert here.path == "/staff/today"
    there.open_page("/staff/today")
    assert there.path == "/staff/sign-in"


def test_no_token_is_logged(pages: TestSite, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    path = make_one_time_path(pages)
    person = StaffSession(pages)
    person.open_page(path)
    person.send_form()
    assert person.path == "/staff/today"
    assert path.rpartition("/")[2] not in caplog.text
