"""axe finds no violation on any page, state and theme in any language."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from intake import i18n
from intake.store import links
from intake.store.database import Database
from tests.browser.checks import find_axe_violations, find_off_screen
from tests.browser.conftest import PHONE, TABLET, LiveSite, OpenPage
from tests.browser.walker import Walker

GATE_CASES = {("ht", "dark"), ("ar", "largest")}
"""The sample of the gate; `-m languages` walks every language in every look."""
LOOKS = ("light", "dark", "largest")


@pytest.mark.parametrize(
    ("language", "look"),
    [
        pytest.param(tag, look, marks=() if (tag, look) in GATE_CASES else pytest.mark.languages)
        for tag in i18n.existing_tags()
        for look in LOOKS
    ],
)
def test_no_page_or_state_has_a_violation(
    live: LiveSite,
    open_page: OpenPage,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    look: str,
) -> None:
    page = open_page(PHONE if look == "largest" else TABLET, dark=look == "dark")
    live.site.expect_visit("1")
    walker = Walker(page, live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    if look == "largest":
        page.click(".help summary")
        walker.press_button('button[name="size"][value="largest"]')
    states = walk_states(walker, live, language, monkeypatch)
    for name in states:
        assert find_axe_violations(page) == [], name
        assert find_off_screen(page) == [], name
    # Chromium itself complains of the status of the error pages.
    open_page.complaints = [text for text in open_page.complaints if "status of" not in text]


def walk_states(
    walker: Walker, live: LiveSite, language: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Walk the route, then the pages and states beside it, and yield the name of each."""
    page = walker.page
    yield from walk_beside_the_route(walker, language)
    yield from walk_link(walker, live, language)

    def fail(_database: Database) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", fail)
        walker.press_button()
        yield "one moment"
    page.goto(f"{live.url}/offline/{language}")
    yield "offline"


def walk_beside_the_route(walker: Walker, language: str) -> Iterator[str]:
    page = walker.page
    walker.reach_first_question(language)
    page.click(".help summary")
    yield "help"
    with page.expect_navigation():
        page.click(".help .apart a")
    yield "start over"
    walker.press_button(".actions .go")
    with page.expect_navigation():
        page.click(".top a[data-keep]")
    yield "language midway"
    walker.press_button(f'button[value="{language}"]')
    page.click("[data-hide]")
    yield "hidden"
    page.click("[data-show]")
    page.evaluate("document.querySelector('#idle').showModal()")
    yield "idle"
    page.evaluate("document.querySelector('#idle').close()")
    page.evaluate("document.querySelector('#offline').hidden = false")
    yield "offline notice"
    page.evaluate("document.querySelector('#offline').hidden = true")
    page.fill("#own-words", "x" * 600)
    walker.press_button()
    yield "too long"
    page.goto(f"{walker.url}/no-such-page")
    yield "no such page"


def walk_link(walker: Walker, live: LiveSite, language: str) -> Iterator[str]:
    page = walker.page
    visit = live.site.expect_visit("2")
    with live.site.database.write() as tx:
        _, token = links.create_link(tx, visit, live.site.clock() + timedelta(days=2))
    page.goto(f"{walker.url}/l/{token}")
    yield "link"
    walker.press_button(f'button[value="{language}"]')
    yield "birth date"
    walker.give_birth_date()
    yield "why at home"
