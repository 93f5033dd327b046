"""Users: added with a sign-in that works once, shut out at once, and everything in the audit."""

import pytest

from intake.store import users
from tests.members import Member, member
from tests.sites import TestSite


@pytest.fixture
def admin(pages: TestSite) -> Member:
    return member(pages, "admin")


def added(admin: Member, name: str, *roles: str) -> str:
    """Add a user and return the path of their one-time sign-in."""
    admin.get("/staff/users")
    admin.send({"name": name, "roles": roles}, form="/staff/users")
    assert admin.path == "/staff/users/once"
    return (
        str(admin.document.query(".secret")[0].to_text()).strip().removeprefix("http://localhost")
    )


def test_a_new_user_signs_in_once_and_sets_a_password(pages: TestSite, admin: Member) -> None:
    path = added(admin, "Bo  Lund", "it", "quality")
    bo = Member(pages)
    bo.get(path)
    bo.send()
    assert bo.pages == ["Tablets", "Report", "Monitor"]
    admin.get("/staff/users")
    assert ["Bo Lund", "it, quality", "Has no password yet"] in [row[:3] for row in admin.rows()]
    bo.get("/staff/password")
    bo.send({"new": "a new long passphrase", "again": "a new long passphrase"})
    admin.get("/staff/users")
    assert ["Bo Lund", "it, quality", "May sign in"] in [row[:3] for row in admin.rows()]


@pytest.mark.parametrize(
    ("name", "roles", "told"),
    [
        ("", ("it",), "Enter a name."),
        ("x" * 81, ("it",), "Use at most 80 characters."),
        ("bo", (), "Choose at least one role."),
        ("bo", ("king",), "Choose at least one role."),
        ("ana", ("it",), "This cannot be: there is a user 'ana' already."),
        (
            "b\u200bo",
            ("it",),
            "This cannot be: a name of 1 to 80 characters is needed, without spaces before or after it.",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nobody_is_added(
    pages: TestSite, admin: Member, name: str, roles: tuple[str, ...], told: str
) -> None:
    admin.get("/staff/users")
    admin.send({"name": name, "roles": roles}, form="/staff/users")
    assert (admin.page.status_code, admin.told) == (422, [told])
    with pages.database.read() as tx:
        assert len(users.listing(tx)) == 1


def test_a_newer_sign_in_ends_the_one_before(pages: TestSite, admin: Member) -> None:
    old = added(admin, "bo", "it")
    admin.get("/staff/users")
    admin.send(form="/once")
    assert admin.path == "/staff/users/once"
    with pages.database.read() as tx:
        bo = users.by_name(tx, "bo")
    assert bo is not None
    admin.get("/staff/users")
    admin.send(form=f"{bo.id}/once")
    person = Member(pages)
    person.get(old)
    person.send()
    assert person.page.status_code == 410


def test_shutting_out_asks_first_and_is_at_once(pages: TestSite, admin: Member) -> None:
    bo = member(pages, "it", name="bo")
    with pages.database.read() as tx:
        found = users.by_name(tx, "bo")
    assert found is not None
    admin.get(f"/staff/users/{found.id}/disable")
    assert admin.heading == "Shut out “bo”?"
    assert bo.get("/staff/monitor").status_code == 200
    admin.send()
    assert admin.told == ["“bo” is shut out."]
    bo.get("/staff/monitor")
    assert bo.path == "/staff/sign-in"
    bo.sign_in("bo")
    assert bo.path == "/staff/sign-in"
    admin.get("/staff/users")
    admin.send(form=f"{found.id}/enable")
    bo.sign_in("bo")
    assert bo.path == "/staff/tablets"


def test_nobody_shuts_themselves_out(pages: TestSite, admin: Member) -> None:
    with pages.database.read() as tx:
        ana = users.by_name(tx, "ana")
    assert ana is not None
    admin.get("/staff/users")
    assert "/disable" not in admin.page.text
    assert admin.get(f"/staff/users/{ana.id}/disable").status_code == 404


def test_the_audit_says_who_did_what(pages: TestSite, admin: Member) -> None:
    added(admin, "bo", "it")
    admin.get("/staff/audit")
    with pages.database.read() as tx:
        bo = users.by_name(tx, "bo")
    assert bo is not None
    told = [row[1:] for row in admin.rows()]
    assert told[:3] == [
        ["ana", "Once made", bo.id],
        ["ana", "User added", bo.id],
        ["ana", "Signed in", ""],
    ]
