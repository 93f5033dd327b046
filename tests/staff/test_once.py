"""One-time sign-ins work once, whatever looks at their address before; a password is set by its owner."""

import pytest

from intake.store import users
from tests.members import PASSWORD, Member, member
from tests.sites import TestSite


def once(site: TestSite, name: str = "bo", *, password: str | None = None) -> str:
    """The path of a one-time sign-in for a new user of the desk."""
    with site.database.write() as tx:
        token = users.one_time(tx, users.add(tx, name, {"desk"}, password), users.ONCE_FOR)
    return f"/staff/once/{token}"


def test_once_and_only_once(pages: TestSite) -> None:
    path = once(pages)
    preview = pages.client()
    assert preview.get(path).status_code == 200
    assert preview.head(path).status_code == 200
    person = Member(pages)
    person.get(path)
    person.send()
    assert person.path == "/staff/today"
    assert "You have no password yet" in person.told[0]
    again = Member(pages)
    again.get(path)
    again.send()
    assert (again.page.status_code, again.heading) == (410, "This sign-in was used or is over")
    assert "Signed in as" not in again.page.text


def test_a_one_time_sign_in_that_is_over_unknown_or_of_a_disabled_user_looks_the_same(
    pages: TestSite,
) -> None:
    late, disabled = once(pages), once(pages, "al")
    with pages.database.write() as tx:
        al = users.by_name(tx, "al")
        assert al is not None
        users.disable(tx, al)
    pages.clock.advance(hours=24)
    told = set()
    for path in (late, disabled, "/staff/once/unknown"):
        person = Member(pages)
        person.get(path)
        person.send()
        told.add((person.page.status_code, person.heading))
    assert told == {(410, "This sign-in was used or is over")}


def test_a_password_is_set_after_a_one_time_sign_in_without_asking_for_the_old_one(
    pages: TestSite,
) -> None:
    path = once(pages, password="forgotten by its owner")
    person = Member(pages)
    person.get(path)
    person.send()
    person.get("/staff/password")
    assert not person.document.query("#current")
    person.send({"new": "short", "again": "other"})
    assert person.told == ["Use at least 12 characters.", "The two new passwords differ."]
    person.send({"new": "a new long passphrase", "again": "a new long passphrase"})
    assert person.told == ["Your password is set. You are signed out everywhere else."]
    fresh = Member(pages)
    fresh.sign_in("bo", "a new long passphrase")
    assert fresh.path == "/staff/today"


def test_a_new_password_asks_for_the_old_one_and_ends_every_other_sign_in(pages: TestSite) -> None:
    here, there = member(pages, "desk"), Member(pages)
    there.sign_in("ana")
    here.get("/staff/password")
    here.send(
        {"current": "wrong", "new": "a new long passphrase", "again": "a new long passphrase"}
    )
    assert here.told == ["The current password does not fit, or there were too many tries."]
    here.send(
        {"current": PASSWORD, "new": "a new long passphrase", "again": "a new long passphrase"}
    )
    assert here.path == "/staff/today"
    there.get("/staff/today")
    assert there.path == "/staff/sign-in"


def test_no_token_is_logged(pages: TestSite, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    path = once(pages)
    person = Member(pages)
    person.get(path)
    person.send()
    assert person.path == "/staff/today"
    assert path.rpartition("/")[2] not in caplog.text
