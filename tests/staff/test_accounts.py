"""Administrators add, disable and enable users, and the audit records it."""

import pytest

from intake.store import users
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff


@pytest.fixture
def admin(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "admin")


def add_user(admin: StaffSession, name: str, *roles: str) -> str:
    """Add a user and return the path of the user's one-time sign-in."""
    admin.open_page("/staff/users")
    admin.send_form({"name": name, "roles": roles}, form="/staff/users")
    assert admin.path == "/staff/users/once"
    return (
        str(admin.document.query(".secret")[0].to_text()).strip().removeprefix("http://localhost")
    )


def test_a_new_user_signs_in_once_and_sets_a_password(pages: TestSite, admin: StaffSession) -> None:
    path = add_user(admin, "Bo  Lund", "it", "quality")
    bo = StaffSession(pages)
    bo.open_page(path)
    bo.send_form()
    assert bo.navigation_links == ["Tablets", "Report", "Monitor"]
    admin.open_page("/staff/users")
    assert ["Bo Lund", "it, quality", "No password yet"] in [row[:3] for row in admin.table_rows()]
    bo.open_page("/staff/password")
    bo.send_form({"new": "a new long passphrase", "again": "a new long passphrase"})
    admin.open_page("/staff/users")
    assert ["Bo Lund", "it, quality", "Active"] in [row[:3] for row in admin.table_rows()]


@pytest.mark.parametrize(
    ("name", "roles", "message"),
    [
        ("", ("it",), "Enter a name."),
        ("x" * 81, ("it",), "Use at most 80 characters."),
        ("bo", (), "Choose at least one role."),
        ("bo", ("king",), "Choose at least one role."),
        ("ana", ("it",), "The user was not added: there is a user 'ana' already."),
        (
            "b\u200bo",
            ("it",),
            (
                "The user was not added: a name of 1 to 80 characters is needed, "
                "without spaces before or after it."
            ),
        ),
    ],
)
def test_a_wrong_entry_is_explained_and_adds_no_user(
    pages: TestSite, admin: StaffSession, name: str, roles: tuple[str, ...], message: str
) -> None:
    admin.open_page("/staff/users")
    admin.send_form({"name": name, "roles": roles}, form="/staff/users")
    assert (admin.page.status_code, admin.messages) == (422, [message])
    with pages.database.read() as tx:
        assert len(users.list_users(tx)) == 1


def test_a_newer_one_time_sign_in_ends_the_older_one(pages: TestSite, admin: StaffSession) -> None:
    old = add_user(admin, "bo", "it")
    admin.open_page("/staff/users")
    admin.send_form(form="/once")
    assert admin.path == "/staff/users/once"
    with pages.database.read() as tx:
        bo = users.find_by_name(tx, "bo")
    assert bo is not None
    admin.open_page("/staff/users")
    admin.send_form(form=f"{bo.id}/once")
    person = StaffSession(pages)
    person.open_page(old)
    person.send_form()
    assert person.page.status_code == 410


def test_disabling_is_confirmed_and_works_at_once(pages: TestSite, admin: StaffSession) -> None:
    bo = sign_in_staff(pages, "it", name="bo")
    with pages.database.read() as tx:
        bo_user = users.find_by_name(tx, "bo")
    assert bo_user is not None
    admin.open_page(f"/staff/users/{bo_user.id}/disable")
    assert admin.heading == "Disable the account “bo”?"
    assert bo.open_page("/staff/monitor").status_code == 200
    admin.send_form()
    assert admin.messages == ["The account “bo” is disabled."]
    bo.open_page("/staff/monitor")
    assert bo.path == "/staff/sign-in"
    bo.sign_in("bo")
    assert bo.path == "/staff/sign-in"
    admin.open_page("/staff/users")
    admin.send_form(form=f"{bo_user.id}/enable")
    bo.sign_in("bo")
    assert bo.path == "/staff/tablets"


def test_administrators_cannot_disable_their_own_account(
    pages: TestSite, admin: StaffSession
) -> None:
    with pages.database.read() as tx:
        ana = users.find_by_name(tx, "ana")
    assert ana is not None
    admin.open_page("/staff/users")
    assert "/disable" not in admin.page.text
    assert admin.open_page(f"/staff/users/{ana.id}/disable").status_code == 404


def test_the_audit_shows_user_action_and_id(pages: TestSite, admin: StaffSession) -> None:
    add_user(admin, "bo", "it")
    admin.open_page("/staff/audit")
    with pages.database.read() as tx:
        bo = users.find_by_name(tx, "bo")
    assert bo is not None
    message = [row[1:] for row in admin.table_rows()]
    assert message[:3] == [
        ["ana", "Once made", bo.id],
        ["ana", "User added", bo.id],
        ["ana", "Signed in", ""],
    ]
