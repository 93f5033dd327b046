"""What goes wrong is shown in the room where it happens: in its words, language and frame; in none where the frame fails."""

from dataclasses import replace
from typing import Never

import pytest

from intake.pages import errors
from intake.store import links
from intake.store.database import Database
from intake.store.tables import drafts
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.strict_pages import node_attributes


@pytest.fixture
def person(pages: TestSite) -> PatientSession:
    """Someone at the first question on a tablet, in Spanish and in large type."""
    pages.expect_visit("1")
    found = PatientSession(pages)
    found.reach_first_question(language="es")
    found.send_form({"size": "large"}, form="/look")
    return found


def begun(site: TestSite) -> int:
    """How many drafts there are."""
    with site.database.read() as tx:
        return len(tx.connection.execute(drafts.select()).all())


@pytest.mark.parametrize(
    ("path", "method"),
    [("/no-such-page", "GET"), ("/over", "GET"), ("/question/interpreter", "POST")],
)
def test_a_patient_meets_the_frame_of_their_pages(
    person: PatientSession, path: str, method: str
) -> None:
    # The POST has no token, which is found out before anybody looks whose page it is for.
    person.page = person.client.open(path, method=method)
    root, [body] = node_attributes(person.document.query_one("html")), person.document.query("body")
    assert person.page.status_code in (400, 404, 405)
    assert (root["lang"], root["data-size"], "data-idle" in node_attributes(body)) == (
        "es",
        "large",
        True,
    )
    assert len(person.document.query("details.help")) == 1
    assert "Riverside Family Clinic" in person.page.text


def test_to_start_again_wipes_what_was_said(person: PatientSession, pages: TestSite) -> None:
    person.open_page("/no-such-page")
    assert begun(pages) == 1
    person.send_form(form="over")
    assert (person.path, person.heading, begun(pages)) == ("/", "Choose a language", 0)


def test_on_a_phone_one_starts_again_at_the_link(pages: TestSite) -> None:
    visit = pages.expect_visit("1")
    with pages.database.write() as tx:
        _, token = links.create_link(tx, visit, visit.starts_at)
    phone = PatientSession(pages)
    phone.open_page(f"/l/{token}")
    phone.open_page("/no-such-page")
    assert "data-idle" not in phone.page.text
    phone.send_form(form="over")
    assert phone.path == f"/l/{token}"


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/staff/no-such-page", 404, "Page not found"),
        ("/staff/sign-out", 405, "Please try again"),
    ],
)
def test_staff_are_told_in_their_words(
    pages: TestSite, path: str, status: int, heading: str
) -> None:
    staff = sign_in_staff(pages, "desk")
    assert staff.open_page(path).status_code == status
    assert (staff.heading, staff.navigation_links) == (heading, ["Today", "Tablets"])
    stranger = StaffSession(pages)
    stranger.open_page(path)
    assert (stranger.heading, stranger.navigation_links) == (heading, [])
    assert "Sign in" in stranger.page.text


def test_no_address_but_the_staffs_own_is_theirs(pages: TestSite) -> None:
    assert "There is no such page" in pages.open_client().get("/staffing").text


@pytest.mark.parametrize(
    ("path", "heading", "onward"),
    [
        ("/", "Tuvimos un problema de nuestra parte", "/"),
        ("/no-such-page", "Esta página no existe", "/"),
        ("/staff/today", "Something went wrong", "/staff/"),
        ("/staff/no-such-page", "Page not found", "/staff/"),
    ],
)
def test_without_a_database_the_words_stand_alone(
    pages: TestSite, monkeypatch: pytest.MonkeyPatch, path: str, heading: str, onward: str
) -> None:
    staff, patient = sign_in_staff(pages, "desk"), PatientSession(pages)
    pages.app.testing = False

    def down(_database: Database) -> Never:
        raise OSError

    monkeypatch.setattr(Database, "read", down)
    person = staff if path.startswith("/staff") else patient
    person.page = person.client.get(path, headers={"Accept-Language": "es"})
    assert person.heading == heading
    [way] = person.document.query("main a")
    assert node_attributes(way)["href"] == onward


def test_a_frame_that_lacks_something_is_left_out(pages: TestSite) -> None:
    pages.app.testing = False
    rooms = pages.app.extensions[errors.EXTENSION_KEY]
    rooms[False] = replace(rooms[False], prepare=dict)
    person = PatientSession(pages)
    assert person.open_page("/no-such-page").status_code == 404
    assert (person.heading, person.document.query("header")) == ("There is no such page", [])
