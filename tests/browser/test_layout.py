"""The layout of the patient's pages in a real browser: size, direction and scroll position."""

from playwright.sync_api import Request, expect

from tests.browser.conftest import LiveSite, OpenPage
from tests.browser.walker import Walker


def test_the_first_page_transfers_at_most_30_kilobytes(live: LiveSite, open_page: OpenPage) -> None:
    page = open_page()
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))  # noqa: PLW0108  # Playwright inspects it.
    page.goto(live.url)
    page.wait_for_load_state("networkidle")
    sizes = [request.sizes() for request in finished]
    assert len(sizes) >= 4
    assert (
        sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) <= 30 * 1024
    )


def test_mirrors_the_page_for_right_to_left_languages(walker: Walker) -> None:
    walker.reach_first_question("ar")
    page = walker.page
    assert page.get_attribute("html", "dir") == "rtl"
    box, words = (
        page.locator('[id="c-2028-9"]').bounding_box(),
        page.locator('[id="c-2028-9"] + span').bounding_box(),
    )
    assert box is not None
    assert words is not None
    assert box["x"] > words["x"] + words["width"] / 2
    back, help_button = (
        page.locator(".top a").first.bounding_box(),
        page.locator(".help summary").bounding_box(),
    )
    assert back is not None
    assert help_button is not None
    assert help_button["x"] < back["x"]


def test_scrolls_to_the_search_results(walker: Walker) -> None:
    walker.reach_first_question()
    walker.tick_cards("2028-9", "2054-5", "2135-2", "2118-8")
    walker.press_button()
    walker.page.fill("#search", "hmong")
    walker.press_enter("#search")
    expect(walker.page.locator('[id="c-2037-0"] + span')).to_be_in_viewport()


def test_the_page_after_a_search_begins_at_its_top(walker: Walker) -> None:
    walker.reach_first_question()
    walker.press_button('button[value="declined"]')
    walker.page.fill("#search", "somali")
    walker.press_button('button[name="find"]')
    walker.tick_cards("so")
    walker.press_button()
    assert walker.path == "/question/written-language"
    assert walker.page.evaluate("window.scrollY") == 0
