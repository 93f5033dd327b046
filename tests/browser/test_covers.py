"""What lies over a page in a real browser: the cover that hides the answers, and the question whether somebody is there."""

import re

from playwright.sync_api import Route, expect

from tests.browser.conftest import TABLET, LiveSite, OpenPage
from tests.browser.test_idle import open_question_on_tablet
from tests.browser.walker import Walker


def test_nothing_of_the_page_can_be_seen_through_a_cover(walker: Walker) -> None:
    walker.reach_first_question()
    page = walker.page
    page.click("[data-hide]")
    expect(page.locator("#hidden")).to_be_visible()
    covered = page.screenshot(animations="disabled")
    page.evaluate("document.querySelector('main').style.visibility = 'hidden'")
    assert page.screenshot(animations="disabled") == covered


def without_dialogs(route: Route) -> None:
    """Answer as to a browser that knows no <dialog>: to it that is a word like any other."""
    answer = route.fetch()
    route.fulfill(
        response=answer, body=re.sub(r"(?<![-\w])dialog(?![-\w])", "x-dialog", answer.text())
    )


def test_a_browser_without_dialogs_hides_them_and_what_they_cover(walker: Walker) -> None:
    walker.reach_first_question()
    page = walker.page
    page.route(re.compile(r"/question/|\.css"), without_dialogs)
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


def test_a_browser_without_dialogs_asks_over_the_cover_and_keeps_it(
    live: LiveSite, open_page: OpenPage
) -> None:
    page = open_page()
    open_question_on_tablet(live, page)
    page.route(re.compile(r"/question/|\.css"), without_dialogs)
    page.reload()
    page.click("[data-hide]")
    page.clock.run_for(91_000)
    page.click("[data-stay]")
    expect(page.locator("#idle")).to_be_hidden()
    expect(page.locator("#hidden")).to_be_visible()
    expect(page.locator("main")).to_be_hidden()
