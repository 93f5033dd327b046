"""The pre-visit link: no word about the patient, few tries, one device, a calm end."""

from datetime import timedelta

import pytest

from intake.answers import Channel
from intake.store import links, visits
from intake.store.outbox import leases
from intake.store.outbox.records import list_records
from tests.support.journeys import create_link_path
from tests.support.patients import PatientSession
from tests.support.sites import TestSite


def open_link(person: PatientSession, path: str) -> None:
    """Open the link, choose English and give the date of birth."""
    person.open_page(path)
    person.send_form({"language": "en"}, form="/language")
    person.give_birth_date(17, 5, 1980)


def skip_to_thanks(person: PatientSession) -> None:
    """Go from the reasons to the thank-you, with every question skipped."""
    person.send_form()
    person.send_form({"informant": "self"})
    for _ in range(5):
        person.send_form()


def test_first_page_and_address_reveal_nothing(pages: TestSite) -> None:
    person = PatientSession(pages)
    path = create_link_path(pages, pages.expect_visit("1"))
    person.open_page(path)
    assert person.page.status_code == 200
    for word in ("Riverside", "Clinic", "Ana", "Lopez", "race", "health", "Patient"):
        assert word not in person.page.text
    with pages.database.read() as tx:
        link = links.find_link(tx, path.removeprefix("/l/"))
    assert link is not None
    assert (link.tries_left, link.device_key) == (links.MAX_TRIES, None)


def test_a_link_works_from_start_to_thank_you_once(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    open_link(person, path)
    assert person.path == "/why"
    skip_to_thanks(person)
    assert person.heading == "Thank you"
    assert "tablet" not in person.page.text
    with pages.database.read() as tx:
        [record] = list_records(tx)
    assert record.channel == Channel.LINK
    person.open_page(path)
    assert (person.page.status_code, person.heading) == (410, "You have answered already")


def test_resumes_on_the_same_device_only(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    open_link(person, path)
    person.send_form()
    person.send_form({"informant": "guardian"})
    person.send_form({"choice": ["2106-3"]})
    person.client.delete_cookie("visit")
    open_link(person, path)
    assert person.path == "/question/race-ethnicity/details"
    second_device = PatientSession(pages)
    second_device.open_page(path)
    assert (second_device.page.status_code, second_device.heading) == (
        410,
        "This link was opened on another device",
    )


def test_resumes_in_the_language_chosen_last(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    open_link(person, path)
    person.send_form()
    person.send_form({"informant": "self"})
    person.send_form({"choice": ["2106-3"]})
    person.open_page(path)
    person.send_form({"language": "es"}, form="/language")
    for closed_path in ("/question/race-ethnicity", "/onward"):
        person.open_page(closed_path)
        assert "White" not in person.words
        assert "Blanca" not in person.words
    person.open_page("/birth-date")
    person.give_birth_date(17, 5, 1980)
    assert (person.path, person.heading) == (
        "/question/race-ethnicity/details",
        "¿Le gustaría contarnos más?",
    )
    assert "Blanca" in person.page.text
    while person.path != "/done":
        person.send_form()
    with pages.database.write() as tx:
        [leased] = leases.acquire_leases(tx, "main", limit=9, lease=timedelta(minutes=1))
    assert (leased.submission.locale, leased.submission.answers["race-ethnicity"].choices) == (
        "es",
        ("2106-3",),
    )


def test_a_forwarded_link_has_few_tries(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    person.open_page(path)
    person.send_form({"language": "en"}, form="/language")
    for _ in range(links.MAX_TRIES - 1):
        person.give_birth_date(1, 1, 1990)
        assert "The date of birth did not match. Please check it." in person.page.text
    form = person.page
    person.give_birth_date(1, 1, 1990)
    assert (person.page.status_code, person.heading) == (410, "This link is closed")
    person.page = form
    person.give_birth_date(17, 5, 1980)
    for _ in range(2):
        assert (person.page.status_code, person.heading) == (410, "This link is closed")
        person.open_page(person.path)


def test_an_impossible_date_costs_no_try(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    person.open_page(path)
    person.send_form({"language": "en"}, form="/language")
    person.give_birth_date(31, 2, 1980)
    assert "That date does not exist." in person.page.text
    with pages.database.read() as tx:
        link = links.find_link(tx, path.removeprefix("/l/"))
    assert link is not None
    assert link.tries_left == links.MAX_TRIES


@pytest.mark.parametrize("ending", ["expired", "revoked", "unknown", "visit gone"])
def test_an_ended_link_shows_a_calm_page(pages: TestSite, ending: str) -> None:
    visit = pages.expect_visit("1")
    person, path = PatientSession(pages), create_link_path(pages, visit)
    token = path.removeprefix("/l/")
    with pages.database.write() as tx:
        link = links.find_link(tx, token)
        assert link is not None
        if ending == "revoked":
            links.revoke_link(tx, link.id)
        if ending == "visit gone":
            visits.record_fetch(
                tx, "riverside", [], visit.starts_at, visit.starts_at + timedelta(hours=1)
            )
    if ending == "expired":
        pages.clock.advance(days=3)
    person.open_page(f"{path}x" if ending == "unknown" else path)
    assert person.page.status_code in (404, 410)
    assert "Your visit goes on as planned" in person.page.text


def test_start_over_returns_to_the_link(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    open_link(person, path)
    person.send_form(form="/over")
    assert person.path == path
    open_link(person, path)
    assert person.path == "/why"


@pytest.mark.parametrize("lost", ["the response", "every cookie"])
def test_a_lost_response_at_the_date_of_birth_locks_nobody_out(pages: TestSite, lost: str) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    person.open_page(path)
    person.send_form({"language": "en"}, form="/language")
    date_page, values = person.page, person.form_values(person.find_form("by-date"))
    before = [cookie for name in ("visit", "phone") if (cookie := person.client.get_cookie(name))]
    person.give_birth_date(17, 5, 1980)
    assert person.path == "/why"
    # The device never saw the response, so it still has the cookies from before.
    for name in ("visit", "phone"):
        person.client.delete_cookie(name)
    if lost == "the response":
        for cookie in before:
            person.client.set_cookie(cookie.key, cookie.value)
        person.page = date_page
        date = {"day": "17", "month": "5", "year": "1980"}
        person.page = person.client.post("/birth-date", data=values | date, follow_redirects=True)
    else:
        open_link(person, path)
    assert (person.path, person.page.status_code) == ("/why", 200)
    skip_to_thanks(person)
    assert person.heading == "Thank you"


def test_after_the_first_answer_another_device_is_refused(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    open_link(person, path)
    second = PatientSession(pages)
    open_link(second, path)
    assert second.path == "/why"
    second.send_form()
    second.send_form({"informant": "self"})
    second.send_form({"state": "declined"})
    person.open_page(path)
    assert (person.page.status_code, person.heading) == (
        410,
        "This link was opened on another device",
    )


def test_a_closed_link_says_why(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    person.open_page(path)
    person.send_form({"language": "en"}, form="/language")
    for _ in range(links.MAX_TRIES):
        person.give_birth_date(1, 1, 1990)
    assert "We closed this link to protect your privacy." in person.page.text
