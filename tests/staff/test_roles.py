"""Who sees what is one table: every page under /staff is in it, and none answers without sign-in and role."""

from collections.abc import Iterator

import pytest
from werkzeug.routing import Rule

from intake.staff import access
from intake.store import users
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.strict_pages import StrictClient


@pytest.fixture
def unforged(pages: TestSite) -> TestSite:
    """The site without CSRF tokens, which would refuse a request before the hook under test could."""
    pages.app.config["WTF_CSRF_ENABLED"] = False
    return pages


def asked(site: TestSite) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the method and an address of everything under /staff but its stylesheet."""
    for rule in site.app.url_map.iter_rules():
        if str(rule).startswith("/staff") and rule.endpoint != "staff.static":
            assert rule.endpoint.startswith("staff."), f"{rule} is no page of the staff's blueprint"
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule.endpoint.removeprefix("staff."), method, address(rule)


def address(rule: Rule) -> str:
    """An address that the rule serves."""
    built = rule.build(dict.fromkeys(rule.arguments, "x"))
    assert built is not None
    return built[1]


def test_every_page_is_in_the_table_and_the_table_has_no_other(pages: TestSite) -> None:
    served = {name for name, _, _ in asked(pages)}
    assert served == set(access.PAGE_ROLES) | access.PUBLIC_PAGES - {"static"}
    assert not set(access.PAGE_ROLES) & access.PUBLIC_PAGES
    assert all(roles and roles <= users.ROLES for roles in access.PAGE_ROLES.values())


def test_without_sign_in_nothing_answers(unforged: TestSite) -> None:
    for name, method, path in asked(unforged):
        answer = unforged.open_client().open(path, method=method)
        if name in access.PUBLIC_PAGES:
            assert answer.status_code in (200, 404, 410, 422), (name, method)
        else:
            assert answer.status_code == 303, (name, method)
            assert answer.location.startswith("/staff/sign-in"), (name, method)


@pytest.mark.parametrize("role", sorted(users.ROLES))
def test_a_role_opens_its_pages_and_no_others(unforged: TestSite, role: str) -> None:
    person = sign_in_staff(unforged, role)
    for name, method, path in asked(unforged):
        if name in access.PUBLIC_PAGES or name == "sign_out":
            continue
        answer = person.client.open(path, method=method)
        assert (answer.status_code == 403) is (role not in access.PAGE_ROLES[name]), (name, method)
        assert answer.status_code != 500
        assert not (answer.location or "").startswith("/staff/sign-in"), (name, method)


def test_a_page_that_nobody_entered_into_the_table_answers_nobody(
    pages: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = sign_in_staff(pages, *users.ROLES)
    monkeypatch.setattr(
        access,
        "PAGE_ROLES",
        {name: roles for name, roles in access.PAGE_ROLES.items() if name != "audit"},
    )
    monkeypatch.setattr(access, "NAVIGATION", access.NAVIGATION[:1])
    assert person.open_page("/staff/audit").status_code == 403


@pytest.mark.parametrize(
    ("role", "first", "named"),
    [
        ("desk", "/staff/today", ["Today", "Tablets"]),
        ("it", "/staff/tablets", ["Tablets", "Monitor"]),
        ("quality", "/staff/report", ["Report"]),
        ("reviewer", "/staff/review", ["Review", "Monitor"]),
        ("admin", "/staff/report", ["Report", "Worklist", "Monitor", "Users", "Audit"]),
    ],
)
def test_the_navigation_names_what_the_role_may_see(
    pages: TestSite, role: str, first: str, named: list[str]
) -> None:
    person = sign_in_staff(pages, role)
    assert person.path == first
    assert person.navigation_links == named


def test_the_wrong_role_is_told_in_plain_words(pages: TestSite) -> None:
    person = sign_in_staff(pages, "desk")
    assert person.open_page("/staff/monitor").status_code == 403
    assert person.heading == "No access"
    assert "ask an administrator" in person.page.text


def test_a_role_that_was_taken_away_opens_nothing_at_once(pages: TestSite) -> None:
    person = sign_in_staff(pages, "desk", "it")
    with pages.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE users SET roles = 'desk'")
    assert person.open_page("/staff/monitor").status_code == 403
    assert person.open_page("/staff/today").status_code == 200


def test_staff_and_patients_have_cookies_of_their_own(pages: TestSite) -> None:
    client: StrictClient = pages.open_client()
    signed = StaffSession(pages)
    signed.client = client
    pages.add_user("ana", "desk")
    signed.sign_in("ana")
    assert client.get_cookie("staff", path="/staff") is not None
    assert client.get_cookie("visit") is None
