"""Idle pages in a real browser: a busy patient is never wiped, and an idle one is asked first."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from intake.store import links
from tests.browser.checks import find_axe_violations, ignore_lost_network
from tests.browser.conftest import PHONE, LiveSite, OpenPage, open_question_on_tablet
from tests.browser.walker import Walker

OpenQuestion = Callable[[LiveSite, Page], Walker]


def open_question_on_phone(live: LiveSite, page: Page) -> Walker:
    """Return a patient at the first question behind a link; the test sets the page's clock."""
    visit = live.site.expect_visit("1")
    with live.site.database.write() as tx:
        _, token = links.create_link(tx, visit, live.site.clock() + timedelta(days=2))
    page.clock.install()
    page.goto(f"{live.url}/l/{token}")
    walker = Walker(page, live.url)
    walker.reach_first_question()
    return walker


@pytest.mark.parametrize(
    ("open_question", "minutes"),
    [(open_question_on_tablet, 4), (open_question_on_phone, 14)],
    ids=["tablet", "phone"],
)
def test_does_not_wipe_a_busy_patient(
    live: LiveSite, open_page: OpenPage, open_question: OpenQuestion, minutes: int
) -> None:
    page = open_page(PHONE)
    walker = open_question(live, page)
    requests: list[str] = []
    page.on(
        "request",
        lambda request: requests.append(request.url) if request.method == "HEAD" else None,
    )
    for _ in range(2):
        live.site.clock.advance(minutes=minutes)
        page.press("#own-words", "a")
        page.clock.run_for(30_000)
        page.press("#own-words", "b")
        with page.expect_response(lambda response: response.request.method == "HEAD"):
            page.clock.run_for(31_000)
    assert len(requests) == 2
    walker.press_button()
    assert walker.path == "/question/spoken-language"


def test_an_idle_phone_asks_before_the_draft_expires(live: LiveSite, open_page: OpenPage) -> None:
    page = open_page(PHONE)
    walker = open_question_on_phone(live, page)
    idle = live.site.settings.times.draft_idle.total_seconds()
    page.clock.run_for(int(idle - 60) * 1000)
    expect(page.locator("#idle")).to_be_hidden()
    page.clock.run_for(25_000)
    expect(page.locator("#idle")).to_be_visible()
    live.site.clock.advance(seconds=idle - 30)
    with page.expect_response(lambda response: response.request.method == "HEAD"):
        page.click("[data-stay]")
    live.site.clock.advance(seconds=idle - 30)
    walker.press_button()
    assert walker.path == "/question/spoken-language"


def test_wipes_a_device_that_slept_through_the_warning(live: LiveSite, open_page: OpenPage) -> None:
    page = open_page()
    walker = open_question_on_tablet(live, page)
    with page.expect_navigation():
        page.clock.fast_forward(600_000)
    assert walker.heading == "Choose a language"


def test_wipes_an_idle_page_without_a_network(live: LiveSite, open_page: OpenPage) -> None:
    page = open_page()
    walker = open_question_on_tablet(live, page)
    page.fill("#own-words", "Hmoob")
    page.context.set_offline(True)
    # The browser may report a scroll of the typing late. Until the page asks, it counts as a touch.
    page.clock.run_for((90 + 110 + 1) * 1000)
    expect(page.locator("main")).to_be_empty()
    expect(page.locator("#idle")).to_contain_text("we cleared it")
    assert find_axe_violations(page) == []
    restore_network(page, open_page)
    assert walker.heading == "Choose a language"


def test_the_thank_you_waits_for_the_network(live: LiveSite, open_page: OpenPage) -> None:
    page = open_page()
    walker = open_question_on_tablet(live, page)
    for _ in range(5):
        walker.press_button()
    page.context.set_offline(True)
    page.clock.run_for(21_000)
    assert walker.heading == "Thank you"
    restore_network(page, open_page)
    assert walker.heading == "Choose a language"


def restore_network(page: Page, open_page: OpenPage) -> None:
    """Restore the network and wait until the page goes on by itself."""
    with page.expect_navigation():
        page.context.set_offline(False)
        page.clock.resume()
    ignore_lost_network(open_page)


def test_a_screen_reader_reads_the_reason_but_not_the_countdown(
    live: LiveSite, open_page: OpenPage
) -> None:
    page = open_page()
    open_question_on_tablet(live, page)
    page.clock.run_for(91_000)
    dialog = page.get_by_role("dialog", name="Do you need more time?")
    expect(dialog).to_have_accessible_description(
        "To keep your answers private, we will clear this page soon. Seconds left:"
    )
    expect(dialog.locator("output, [role=status], [role=timer], [aria-live]")).to_have_count(0)
