"""Every staff page is in one table of roles, and needs a sign-in with a role."""

from collections.abc import Iterator

import pytest
from werkzeug.routing import Rule

from intake.staff import access
from intake.store import users
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.strict_pages import StrictClient


@pytest.fixture
def pages_without_csrf(pages: TestSite) -> TestSite:
    """Return the site without CSRF checks, which would refuse a request before the hook."""
    pages.app.config["WTF_CSRF_ENABLED"] = False
    return pages


def list_requests(site: TestSite) -> Iterator[tuple[str, str, str]]:
    """Yield name, method and address of every page under /staff."""
    for rule in site.app.url_map.iter_rules():
        if str(rule).startswith("/staff") and rule.endpoint != "staff.static":
            assert rule.endpoint.startswith("staff."), f"{rule} is no page of the staff's blueprint"
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule.endpoint.removeprefix("staff."), method, build_address(rule)


def build_address(rule: Rule) -> str:
    """Return an address that the rule serves."""
    built = rule.build(dict.fromkeys(rule.arguments, "x"))
    assert built is not None
    return built[1]


def test_the_table_names_exactly_the_pages_that_exist(pages: TestSite) -> None:
    served = {name for name, _, _ in list_requests(pages)}
    assert served == set(access.PAGE_ROLES) | access.PUBLIC_PAGES - {"static"}
    assert not set(access.PAGE_ROLES) & access.PUBLIC_PAGES
    assert all(roles and roles <= users.ROLES for roles in access.PAGE_ROLES.values())


def test_no_page_answers_without_a_sign_in(pages_without_csrf: TestSite) -> None:
    for name, method, path in list_requests(pages_without_csrf):
        answer = pages_without_csrf.open_client().open(path, method=method)
        if name in access.PUBLIC_PAGES:
            assert answer.status_code in (200, 404, 410, 422), (name, method)
        else:
            assert answer.status_code == 303, (name, method)
            assert answer.location.startswith("/staff/sign-in"), (name, method)


@pytest.mark.parametrize("role", sorted(users.ROLES))
def test_a_role_opens_exactly_its_pages(pages_without_csrf: TestSite, role: str) -> None:
    person = sign_in_staff(pages_without_csrf, role)
    for name, method, path in list_requests(pages_without_csrf):
        if name in access.PUBLIC_PAGES or name == "sign_out":
            continue
        answer = person.client.open(path, method=method)
        assert (answer.status_code == 403) is (role not in access.PAGE_ROLES[name]), (name, method)
        assert answer.status_code != 500
        assert not (answer.location or "").startswith("/staff/sign-in"), (name, method)


def test_a_page_missing_from_the_table_is_refused(
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
def test_the_navigation_names_the_pages_of_the_role(
    pages: TestSite, role: str, first: str, named: list[str]
) -> None:
    person = sign_in_staff(pages, role)
    assert person.path == first
    assert person.navigation_links == named


def test_a_refusal_says_how_to_get_access(pages: TestSite) -> None:
    person = sign_in_staff(pages, "desk")
    assert person.open_page("/staff/monitor").status_code == 403
    assert person.heading == "No access"
    assert "ask an administrator" in person.page.text


def test_a_removed_role_stops_working_at_once(pages: TestSite) -> None:
    person = sign_in_staff(pages, "desk", "it")
    with pages.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE users SET roles = 'desk'")
    assert person.open_page("/staff/monitor").status_code == 403
    assert person.open_page("/staff/today").status_code == 200


def test_staff_and_patients_have_separate_cookies(pages: TestSite) -> None:
    client: StrictClient = pages.open_client()
    signed = StaffSession(pages)
    signed.client = client
    pages.add_user("ana", "desk")
    signed.sign_in("ana")
    assert client.get_cookie("staff", path="/staff") is not None
    assert client.get_cookie("visit") is None
