"""What lies over a page in a real browser: the cover that hides the answers, and the question whether somebody is there."""

from playwright.sync_api import expect

from tests.browser.walking import Walker


def test_nothing_of_the_page_can_be_seen_through_a_cover(walker: Walker) -> None:
    walker.arrive()
    page = walker.page
    page.click("[data-hide]")
    expect(page.locator("#hidden")).to_be_visible()
    covered = page.screenshot(animations="disabled")
    page.evaluate("document.querySelector('main').style.visibility = 'hidden'")
    assert page.screenshot(animations="disabled") == covered
