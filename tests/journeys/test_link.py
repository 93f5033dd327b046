"""The pre-visit link: nothing said before the date of birth, few tries, one device, and an end that is kind."""

from datetime import timedelta

import pytest

from intake.answers import Channel
from intake.store import claims, links, visits
from intake.store.submissions import listing
from intake.store.visits import Visit
from tests.patients import Person
from tests.sites import TestSite


def link_to(site: TestSite, visit: Visit, days: int = 2) -> str:
    """The path of a new link to the visit."""
    with site.database.write() as tx:
        _, token = links.make(tx, visit, site.clock() + timedelta(days=days))
    return f"/l/{token}"


def begin(person: Person, path: str) -> None:
    """Open the link, choose English, give the date of birth."""
    person.get(path)
    person.send({"language": "en"}, form="/language")
    person.born(17, 5, 1980)


def finish(person: Person) -> None:
    """From the reasons to the thank-you, with every question skipped."""
    person.send()
    person.send({"informant": "self"})
    for _ in range(5):
        person.send()


def test_the_first_page_and_the_address_say_nothing(pages: TestSite) -> None:
    person = Person(pages)
    path = link_to(pages, pages.visit("1"))
    person.get(path)
    assert person.page.status_code == 200
    for word in ("Riverside", "Clinic", "Ana", "Lopez", "race", "health", "Patient"):
        assert word not in person.page.text
    with pages.database.read() as tx:
        found = links.find(tx, path.removeprefix("/l/"))
    assert found is not None
    assert (found.tries_left, found.device_key) == (links.TRIES, None)


def test_from_link_to_thank_you_once(pages: TestSite) -> None:
    person, path = Person(pages), link_to(pages, pages.visit("1"))
    begin(person, path)
    assert person.path == "/why"
    finish(person)
    assert person.heading == "Thank you"
    assert "tablet" not in person.page.text
    with pages.database.read() as tx:
        [row] = listing(tx)
    assert row.channel == Channel.LINK
    person.get(path)
    assert (person.page.status_code, person.heading) == (410, "You have answered already")


def test_it_goes_on_where_it_was_left_on_the_same_device(pages: TestSite) -> None:
    person, path = Person(pages), link_to(pages, pages.visit("1"))
    begin(person, path)
    person.send()
    person.send({"informant": "guardian"})
    person.send({"choice": ["2106-3"]})
    person.client.delete_cookie("visit")
    begin(person, path)
    assert person.path == "/question/race-ethnicity/details"
    other = Person(pages)
    other.get(path)
    assert (other.page.status_code, other.heading) == (
        410,
        "This link was opened on another device",
    )


def test_opened_again_midway_it_goes_on_in_the_language_chosen_last(pages: TestSite) -> None:
    person, path = Person(pages), link_to(pages, pages.visit("1"))
    begin(person, path)
    person.send()
    person.send({"informant": "self"})
    person.send({"choice": ["2106-3"]})
    person.get(path)
    person.send({"language": "es"}, form="/language")
    for closed in ("/question/race-ethnicity", "/onward"):
        person.get(closed)
        assert "White" not in person.page.text
        assert "Blanca" not in person.page.text
    person.get("/birth-date")
    person.born(17, 5, 1980)
    assert (person.path, person.heading) == (
        "/question/race-ethnicity/details",
        "¿Le gustaría contarnos más?",
    )
    assert "Blanca" in person.page.text
    while person.path != "/done":
        person.send()
    with pages.database.write() as tx:
        [claimed] = claims.claim(tx, "main", limit=9, lease=timedelta(minutes=1))
    assert (claimed.submission.locale, claimed.submission.answers["race-ethnicity"].choices) == (
        "es",
        ("2106-3",),
    )


def test_a_forwarded_link_has_few_tries(pages: TestSite) -> None:
    person, path = Person(pages), link_to(pages, pages.visit("1"))
    person.get(path)
    person.send({"language": "en"}, form="/language")
    for _ in range(links.TRIES - 1):
        person.born(1, 1, 1990)
        assert "We could not find your visit" in person.page.text
    form = person.page
    person.born(1, 1, 1990)
    assert (person.page.status_code, person.heading) == (410, "This link is closed")
    person.page = form
    person.born(17, 5, 1980)
    for _ in range(2):
        assert (person.page.status_code, person.heading) == (410, "This link is closed")
        person.get(person.path)


def test_a_date_that_is_none_costs_no_try(pages: TestSite) -> None:
    person, path = Person(pages), link_to(pages, pages.visit("1"))
    person.get(path)
    person.send({"language": "en"}, form="/language")
    person.born(31, 2, 1980)
    assert "This date is not in the calendar." in person.page.text
    with pages.database.read() as tx:
        found = links.find(tx, path.removeprefix("/l/"))
    assert found is not None
    assert found.tries_left == links.TRIES


@pytest.mark.parametrize("ending", ["expired", "revoked", "unknown", "visit gone"])
def test_a_link_that_ended_says_so(pages: TestSite, ending: str) -> None:
    visit = pages.visit("1")
    person, path = Person(pages), link_to(pages, visit)
    token = path.removeprefix("/l/")
    with pages.database.write() as tx:
        found = links.find(tx, token)
        assert found is not None
        if ending == "revoked":
            links.revoke(tx, found.id)
        if ending == "visit gone":
            visits.fetched(
                tx, "riverside", [], visit.starts_at, visit.starts_at + timedelta(hours=1)
            )
    if ending == "expired":
        pages.clock.advance(days=3)
    person.get(f"{path}x" if ending == "unknown" else path)
    assert person.page.status_code in (404, 410)
    assert "Your visit goes on as planned" in person.page.text


def test_starting_over_comes_back_to_the_link(pages: TestSite) -> None:
    person, path = Person(pages), link_to(pages, pages.visit("1"))
    begin(person, path)
    person.send(form="/over")
    assert person.path == path
    begin(person, path)
    assert person.path == "/why"
