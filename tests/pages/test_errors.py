"""Error pages: in the frame, words and language of their room, or without a frame that fails."""

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
    """Return a patient at the first question on a tablet, in Spanish and in large type."""
    pages.expect_visit("1")
    session = PatientSession(pages)
    session.reach_first_question(language="es")
    session.send_form({"size": "large"}, form="/look")
    return session


def count_drafts(site: TestSite) -> int:
    """Return the number of drafts."""
    with site.database.read() as tx:
        return len(tx.connection.execute(drafts.select()).all())


@pytest.mark.parametrize(
    ("path", "method"),
    [("/no-such-page", "GET"), ("/send", "GET"), ("/question/interpreter", "POST")],
)
def test_shows_errors_to_patients_in_their_own_frame(
    person: PatientSession, path: str, method: str
) -> None:
    # The POST has no token, and the check for it runs before any view.
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


def test_start_again_wipes_the_draft(person: PatientSession, pages: TestSite) -> None:
    person.open_page("/no-such-page")
    assert count_drafts(pages) == 1
    person.send_form(form="over")
    assert (person.path, person.heading, count_drafts(pages)) == ("/", "Choose a language", 0)


def test_start_again_on_a_phone_leads_to_the_link(pages: TestSite) -> None:
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
def test_shows_errors_to_staff_in_their_own_words(
    pages: TestSite, path: str, status: int, heading: str
) -> None:
    staff = sign_in_staff(pages, "desk")
    assert staff.open_page(path).status_code == status
    assert (staff.heading, staff.navigation_links) == (heading, ["Today", "Tablets"])
    stranger = StaffSession(pages)
    stranger.open_page(path)
    assert (stranger.heading, stranger.navigation_links) == (heading, [])
    assert "Sign in" in stranger.page.text


def test_only_addresses_under_staff_get_the_staff_frame(pages: TestSite) -> None:
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
def test_shows_the_message_alone_without_a_database(
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
    [link] = person.document.query("main a")
    assert node_attributes(link)["href"] == onward


def test_leaves_out_a_frame_that_fails(pages: TestSite) -> None:
    pages.app.testing = False
    frames = pages.app.extensions[errors.EXTENSION_KEY]
    frames[False] = replace(frames[False], prepare=dict)
    person = PatientSession(pages)
    assert person.open_page("/no-such-page").status_code == 404
    assert (person.heading, person.document.query("header")) == ("There is no such page", [])
