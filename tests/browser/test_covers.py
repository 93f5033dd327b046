"""Covers over a page in a real browser: the hidden answers and the idle question."""

import re
from contextlib import suppress

from playwright.sync_api import Error, Route, expect

from tests.browser.conftest import TABLET, LiveSite, OpenPage, open_question_on_tablet
from tests.browser.walker import Walker


def test_the_cover_hides_the_whole_page(walker: Walker) -> None:
    walker.reach_first_question()
    page = walker.page
    page.click("[data-hide]")
    expect(page.locator("#hidden")).to_be_visible()
    covered = page.screenshot(animations="disabled")
    page.evaluate("document.querySelector('main').style.visibility = 'hidden'")
    assert page.screenshot(animations="disabled") == covered


def remove_dialogs(route: Route) -> None:
    """Rename <dialog>, because a browser without dialogs treats it as any unknown element."""
    # A request that is under way when the test ends would fail in the next test.
    with suppress(Error):
        response = route.fetch()
        body = re.sub(r"(?<![-\w])dialog(?![-\w])", "x-dialog", response.text())
        route.fulfill(response=response, body=body)


def test_covers_the_page_without_dialog_support(walker: Walker) -> None:
    walker.reach_first_question()
    page = walker.page
    page.route(re.compile(r"/question/|\.css"), remove_dialogs)
    page.reload()
    expect(page.locator("x-dialog")).to_have_count(2)
    expect(page.locator("x-dialog:visible")).to_have_count(0)
    page.click("[data-hide]")
    expect(page.locator("[data-show]")).to_be_focused()
    expect(page.locator("main")).to_be_hidden()
    cover = page.locator("#hidden").bounding_box()
    assert cover == {"x": 0, "y": 0, "width": TABLET[0], "height": TABLET[1]}
    page.keyboard.press("Enter")
    expect(page.locator("#hidden")).to_be_hidden()
    expect(page.locator("main")).to_be_visible()


def test_asks_above_the_cover_without_dialog_support(live: LiveSite, open_page: OpenPage) -> None:
    page = open_page()
    open_question_on_tablet(live, page)
    page.route(re.compile(r"/question/|\.css"), remove_dialogs)
    page.reload()
    page.click("[data-hide]")
    page.clock.run_for(91_000)
    page.click("[data-stay]")
    expect(page.locator("#idle")).to_be_hidden()
    expect(page.locator("#hidden")).to_be_visible()
    expect(page.locator("main")).to_be_hidden()
