"""The pre-visit link: nothing said before the date of birth, few tries, one device, and an end that is kind."""

from datetime import timedelta

import pytest

from intake.answers import Channel
from intake.store import links, visits
from intake.store.outbox import leases
from intake.store.outbox.submissions import list_records
from intake.store.visits import Visit
from tests.support.patients import PatientSession
from tests.support.sites import TestSite


def create_link_path(site: TestSite, visit: Visit, days: int = 2) -> str:
    """The path of a new link to the visit."""
    with site.database.write() as tx:
        _, token = links.create_link(tx, visit, site.clock() + timedelta(days=days))
    return f"/l/{token}"


def begin(person: PatientSession, path: str) -> None:
    """Open the link, choose English, give the date of birth."""
    person.open_page(path)
    person.send_form({"language": "en"}, form="/language")
    person.give_birth_date(17, 5, 1980)


def finish(person: PatientSession) -> None:
    """From the reasons to the thank-you, with every question skipped."""
    person.send_form()
    person.send_form({"informant": "self"})
    for _ in range(5):
        person.send_form()


def test_the_first_page_and_the_address_say_nothing(pages: TestSite) -> None:
    person = PatientSession(pages)
    path = create_link_path(pages, pages.expect_visit("1"))
    person.open_page(path)
    assert person.page.status_code == 200
    for word in ("Riverside", "Clinic", "Ana", "Lopez", "race", "health", "Patient"):
        assert word not in person.page.text
    with pages.database.read() as tx:
        found = links.find_link(tx, path.removeprefix("/l/"))
    assert found is not None
    assert (found.tries_left, found.device_key) == (links.MAX_TRIES, None)


def test_from_link_to_thank_you_once(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    begin(person, path)
    assert person.path == "/why"
    finish(person)
    assert person.heading == "Thank you"
    assert "tablet" not in person.page.text
    with pages.database.read() as tx:
        [row] = list_records(tx)
    assert row.channel == Channel.LINK
    person.open_page(path)
    assert (person.page.status_code, person.heading) == (410, "You have answered already")


def test_it_goes_on_where_it_was_left_on_the_same_device(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    begin(person, path)
    person.send_form()
    person.send_form({"informant": "guardian"})
    person.send_form({"choice": ["2106-3"]})
    person.client.delete_cookie("visit")
    begin(person, path)
    assert person.path == "/question/race-ethnicity/details"
    other = PatientSession(pages)
    other.open_page(path)
    assert (other.page.status_code, other.heading) == (
        410,
        "This link was opened on another device",
    )


def test_opened_again_midway_it_goes_on_in_the_language_chosen_last(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    begin(person, path)
    person.send_form()
    person.send_form({"informant": "self"})
    person.send_form({"choice": ["2106-3"]})
    person.open_page(path)
    person.send_form({"language": "es"}, form="/language")
    for closed in ("/question/race-ethnicity", "/onward"):
        person.open_page(closed)
        assert "White" not in person.page.text
        assert "Blanca" not in person.page.text
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
        [claimed] = leases.acquire_leases(tx, "main", limit=9, lease=timedelta(minutes=1))
    assert (claimed.submission.locale, claimed.submission.answers["race-ethnicity"].choices) == (
        "es",
        ("2106-3",),
    )


def test_a_forwarded_link_has_few_tries(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    person.open_page(path)
    person.send_form({"language": "en"}, form="/language")
    for _ in range(links.MAX_TRIES - 1):
        person.give_birth_date(1, 1, 1990)
        assert "We could not find your visit" in person.page.text
    form = person.page
    person.give_birth_date(1, 1, 1990)
    assert (person.page.status_code, person.heading) == (410, "This link is closed")
    person.page = form
    person.give_birth_date(17, 5, 1980)
    for _ in range(2):
        assert (person.page.status_code, person.heading) == (410, "This link is closed")
        person.open_page(person.path)


def test_a_date_that_is_none_costs_no_try(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    person.open_page(path)
    person.send_form({"language": "en"}, form="/language")
    person.give_birth_date(31, 2, 1980)
    assert "This date is not in the calendar." in person.page.text
    with pages.database.read() as tx:
        found = links.find_link(tx, path.removeprefix("/l/"))
    assert found is not None
    assert found.tries_left == links.MAX_TRIES


@pytest.mark.parametrize("ending", ["expired", "revoked", "unknown", "visit gone"])
def test_a_link_that_ended_says_so(pages: TestSite, ending: str) -> None:
    visit = pages.expect_visit("1")
    person, path = PatientSession(pages), create_link_path(pages, visit)
    token = path.removeprefix("/l/")
    with pages.database.write() as tx:
        found = links.find_link(tx, token)
        assert found is not None
        if ending == "revoked":
            links.revoke_link(tx, found.id)
        if ending == "visit gone":
            visits.record_fetch(
                tx, "riverside", [], visit.starts_at, visit.starts_at + timedelta(hours=1)
            )
    if ending == "expired":
        pages.clock.advance(days=3)
    person.open_page(f"{path}x" if ending == "unknown" else path)
    assert person.page.status_code in (404, 410)
    assert "Your visit goes on as planned" in person.page.text


def test_starting_over_comes_back_to_the_link(pages: TestSite) -> None:
    person, path = PatientSession(pages), create_link_path(pages, pages.expect_visit("1"))
    begin(person, path)
    person.send_form(form="/over")
    assert person.path == path
    begin(person, path)
    assert person.path == "/why"
