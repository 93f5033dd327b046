"""Sign-in answers uniformly, limits attempts, and ends in time."""

import pytest
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.test import TestResponse

from intake.staff import sign_in
from intake.store import audit, users
from tests.support.sites import TestSite
from tests.support.staff import PASSWORD, StaffSession, sign_in_staff
from tests.support.strict_pages import node_attributes

SECURE = "https://intake.clinic.example"


def list_actions(site: TestSite) -> list[tuple[str, str]]:
    """Return users and actions, oldest first."""
    with site.database.read() as tx:
        return [(entry.who, entry.action) for entry in reversed(audit.recent_entries(tx))]


def test_a_user_signs_in_with_name_and_password(pages: TestSite) -> None:
    person = sign_in_staff(pages, "desk")
    assert person.path == "/staff/today"
    assert "Signed in as" in person.page.text
    assert list_actions(pages)[0] == ("ana", "signed-in")


def test_behind_https_the_cookie_is_kept_from_scripts_and_other_sites(
    secure_pages: TestSite,
) -> None:
    person = sign_in_staff(secure_pages, "desk", base_url=SECURE)
    assert person.path == "/staff/today"
    cookie = person.client.get_cookie("staff", domain="intake.clinic.example", path="/staff")
    assert cookie is not None
    assert cookie.secure
    assert cookie.http_only
    assert (cookie.same_site, cookie.path) == ("Lax", "/staff")


def test_a_form_from_another_site_is_refused_over_https(secure_pages: TestSite) -> None:
    secure_pages.add_user("ana", "desk")
    person = StaffSession(secure_pages, SECURE)
    person.open_page("/staff/sign-in")
    [token] = [
        str(node_attributes(node)["value"])
        for node in person.document.query("main input[name=csrf_token]")
    ]
    fields = {"name": "ana", "password": PASSWORD, "csrf_token": token}
    answer = person.client.post(
        "/staff/sign-in", data=fields, base_url=SECURE, headers={"Referer": "https://evil.example/"}
    )
    assert answer.status_code == 400
    assert "Please try again" in answer.text


@pytest.mark.parametrize(
    "path", ["/staff/sign-in", "/staff/sign-out", "/staff/once/x", "/staff/users"]
)
def test_a_form_without_its_token_is_refused_and_changes_nothing(
    pages: TestSite, path: str
) -> None:
    person = sign_in_staff(pages, "admin")
    answer = person.client.post(path, data={"name": "x", "password": "y"})
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.text
    assert person.open_page("/staff/users").status_code == 200


def refuse_sign_in(site: TestSite, name: str, password: str) -> TestResponse:
    person = StaffSession(site)
    person.sign_in(name, password)
    assert person.path == "/staff/sign-in"
    assert person.page.status_code == 422
    return person.page


def test_the_answer_does_not_reveal_whether_a_name_is_known(pages: TestSite) -> None:
    pages.add_user("ana", "desk")
    pages.add_user("gone", "desk")
    with pages.database.write() as tx:
        users.add_user(tx, "new", {"desk"})
        gone = users.find_by_name(tx, "gone")
        assert gone is not None
        users.disable_user(tx, gone)
    answers = set()
    for name, password in (
        ("ana", "wrong"),
        ("nobody", "wrong"),
        ("gone", PASSWORD),
        ("new", ""),
        ("new", "anything"),
    ):
        person = StaffSession(pages)
        person.sign_in(name, password or "x")
        answers.add((person.page.status_code, *person.messages))
    assert answers == {(422, sign_in.SIGN_IN_REFUSED)}


def test_five_wrong_passwords_block_the_right_one_for_a_while(
    pages: TestSite,
) -> None:
    pages.add_user("ana", "desk")
    pages.add_user("bo", "desk")
    for _ in range(sign_in.TRIES_PER_NAME):
        refuse_sign_in(pages, "ana", "wrong")
    assert sign_in.SIGN_IN_REFUSED in refuse_sign_in(pages, "ana", PASSWORD).text
    bo = StaffSession(pages)
    bo.sign_in("bo")
    assert bo.path == "/staff/today"
    pages.clock.advance(minutes=15)
    person = StaffSession(pages)
    person.sign_in("ana")
    assert person.path == "/staff/today"
    assert [action for who, action in list_actions(pages) if who == "ana"][:6] == [
        "sign-in-refused"
    ] * 5 + ["sign-in-blocked"]


def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    hashed = generate_password_hash("x", users.HASH_METHOD)
    assert [len(part) for part in users._DUMMY_HASH.split("$")] == [
        len(part) for part in hashed.split("$")
    ]
    assert users._DUMMY_HASH.startswith(f"{users.HASH_METHOD}$")
    assert not check_password_hash(users._DUMMY_HASH, "")


def test_the_audit_records_a_block_once_and_no_unknown_name(pages: TestSite) -> None:
    pages.add_user("ana", "desk")
    for _ in range(sign_in.TRIES_PER_NAME + 4):
        refuse_sign_in(pages, "ana", "wrong")
    refuse_sign_in(pages, "my-secret-password", "typed in the wrong field")
    assert list_actions(pages).count(("ana", "sign-in-blocked")) == 1
    assert list_actions(pages)[-1] == ("somebody unknown", "sign-in-refused")


def test_attempts_on_many_names_are_limited_too(
    pages: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "TRIES_FOR_ALL", 4)
    pages.add_user("ana", "desk")
    for number in range(4):
        refuse_sign_in(pages, f"name-{number}", "spring2026")
    refuse_sign_in(pages, "ana", PASSWORD)


def test_a_success_forgets_the_wrong_tries_before_it(pages: TestSite) -> None:
    pages.add_user("ana", "desk")
    for _ in range(2):
        for _ in range(sign_in.TRIES_PER_NAME - 1):
            refuse_sign_in(pages, "ana", "wrong")
        person = StaffSession(pages)
        person.sign_in("ana")
        assert person.path == "/staff/today"


def test_a_missing_name_or_password_is_explained(pages: TestSite) -> None:
    person = StaffSession(pages)
    person.sign_in("", "")
    assert person.messages == ["Enter your name.", "Enter your password."]
    assert person.page.text.count('aria-invalid="true"') == 2


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        ("/staff/monitor?state=held", "/staff/monitor"),
        ("/staff/audit", "/staff/audit"),
        ("https://evil.example/staff/", "/staff/tablets"),
        ("//evil.example/staff/x", "/staff/tablets"),
        ("/\\evil.example/staff/x", "/staff/tablets"),
        ("/staff/../", "/staff/tablets"),
        ("/staff/%2e%2e/x", "/staff/tablets"),
        ("/pair", "/staff/tablets"),
        ("javascript:alert(1)", "/staff/tablets"),
        ("/staff/\r\nSet-Cookie: a=b", "/staff/tablets"),
        ("http:///staff/x", "/staff/tablets"),
        ("http://[", "/staff/tablets"),
    ],
)
def test_a_sign_in_redirects_to_staff_pages_only(
    pages: TestSite, target: str, reached: str
) -> None:
    pages.add_user("ana", "it", "admin")
    person = StaffSession(pages)
    person.page = person.client.get("/staff/sign-in", query_string={"next": target})
    person.send_form({"name": "ana", "password": PASSWORD})
    assert person.path == reached


def test_a_sign_in_returns_to_the_requested_page(pages: TestSite) -> None:
    pages.add_user("ana", "it")
    person = StaffSession(pages)
    person.open_page("/staff/monitor?state=held")
    person.send_form({"name": "ana", "password": PASSWORD})
    assert person.page.request.full_path == "/staff/monitor?state=held"


def test_signing_out_makes_a_copied_cookie_worthless(pages: TestSite) -> None:
    person = sign_in_staff(pages, "desk")
    cookie = person.client.get_cookie("staff", path="/staff")
    assert cookie is not None
    person.send_form(form="/sign-out")
    assert person.messages == ["You are signed out."]
    thief = pages.open_client()
    thief.set_cookie("staff", cookie.value, path="/staff")
    assert thief.get("/staff/today").status_code == 303


def test_a_sign_in_drops_the_session_from_before(pages: TestSite) -> None:
    pages.add_user("ana", "desk")
    person = StaffSession(pages)
    person.open_page("/staff/sign-in")
    before = person.client.get_cookie("staff", path="/staff")
    with person.client.session_transaction(path="/staff/", base_url="http://localhost") as planted:
        token = planted["csrf_token"]
        planted["clinic"] = "planted"
    person.send_form({"name": "ana", "password": PASSWORD})
    after = person.client.get_cookie("staff", path="/staff")
    assert before is not None
    assert after is not None
    with person.client.session_transaction(
        path="/staff/", base_url="http://localhost"
    ) as after_session:
        assert after_session.get("csrf_token") != token
        assert after_session.get("clinic") != "planted"


def test_a_second_sign_in_ends_the_first(pages: TestSite) -> None:
    person = sign_in_staff(pages, "desk")
    first = person.client.get_cookie("staff", path="/staff")
    assert first is not None
    person.sign_in("ana")
    thief = pages.open_client()
    thief.set_cookie("staff", first.value, path="/staff")
    assert thief.get("/staff/today").status_code == 303


def test_a_disabled_user_is_signed_out_at_once(pages: TestSite) -> None:
    person = sign_in_staff(pages, "desk")
    with pages.database.write() as tx:
        ana = users.find_by_name(tx, "ana")
        assert ana is not None
        users.disable_user(tx, ana)
    person.open_page("/staff/today")
    assert person.path == "/staff/sign-in"
    with pages.database.write() as tx:
        users.enable_user(tx, ana)
    # Enabling the account does not restore the old sign-in.
    person.open_page("/staff/today")
    assert person.path == "/staff/sign-in"


def test_a_forged_cookie_opens_nothing(pages: TestSite) -> None:
    client = pages.open_client()
    client.set_cookie(
        "staff", "eyJzaWduX2luIjoiYWRtaW4ifQ.aaaaaa.bbbbbbbbbbbbbbbbbbbb", path="/staff"
    )
    assert client.get("/staff/users").status_code == 303


def test_a_sign_in_ends_when_idle_and_after_the_longest_time(pages: TestSite) -> None:
    person = sign_in_staff(pages, "desk")
    for _ in range(25):
        pages.clock.advance(minutes=29)
        assert person.open_page("/staff/today").status_code == 200
        if person.path == "/staff/sign-in":
            break
    # 24 times 29 minutes are within 12 hours, the 25th is not.
    assert person.path == "/staff/sign-in"
    person.sign_in("ana")
    pages.clock.advance(minutes=30)
    person.open_page("/staff/today")
    assert "without activity" in person.messages[0]


def test_no_password_is_sent_back_or_logged(
    pages: TestSite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    page = refuse_sign_in(pages, "ana", "swordfish-and-more")
    assert "swordfish" not in page.text
    assert "swordfish" not in caplog.text
