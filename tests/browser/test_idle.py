"""A page that is left alone, or seems to be, in a real browser: nobody busy is wiped, and nobody is wiped unasked."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from intake.store import links
from tests.browser.conftest import PHONE, LiveSite, OpenPage
from tests.browser.test_patient import find_axe_violations
from tests.browser.walker import Walker

Where = Callable[[LiveSite, Page], Walker]


def open_question_on_tablet(live: LiveSite, page: Page) -> Walker:
    """Someone at a tablet's first question, whose clock the test sets."""
    live.site.expect_visit("1")
    page.clock.install()
    walker = Walker(page, live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.reach_first_question()
    return walker


def at_the_phone(live: LiveSite, page: Page) -> Walker:
    """The same behind a link."""
    visit = live.site.expect_visit("1")
    with live.site.database.write() as tx:
        _, token = links.create_link(tx, visit, live.site.clock() + timedelta(days=2))
    page.clock.install()
    page.goto(f"{live.url}/l/{token}")
    walker = Walker(page, live.url)
    walker.reach_first_question()
    return walker


@pytest.mark.parametrize(
    ("where", "minutes"),
    [(open_question_on_tablet, 4), (at_the_phone, 14)],
    ids=["tablet", "phone"],
)
def test_who_is_busy_on_one_page_is_not_wiped(
    live: LiveSite, open_page: OpenPage, where: Where, minutes: int
) -> None:
    page = open_page(PHONE)
    walker = where(live, page)
    told: list[str] = []
    page.on(
        "request", lambda request: told.append(request.url) if request.method == "HEAD" else None
    )
    for _ in range(2):
        live.site.clock.advance(minutes=minutes)
        page.press("#own-words", "a")
        page.clock.run_for(30_000)
        page.press("#own-words", "b")
        with page.expect_response(lambda answer: answer.request.method == "HEAD"):
            page.clock.run_for(31_000)
    assert len(told) == 2
    walker.press_button()
    assert walker.path == "/question/spoken-language"


def test_a_phone_left_alone_is_asked_before_its_answers_are_gone(
    live: LiveSite, open_page: OpenPage
) -> None:
    page = open_page(PHONE)
    walker = at_the_phone(live, page)
    idle = live.site.settings.times.draft_idle.total_seconds()
    page.clock.run_for(int(idle - 60) * 1000)
    expect(page.locator("#idle")).to_be_hidden()
    page.clock.run_for(25_000)
    expect(page.locator("#idle")).to_be_visible()
    live.site.clock.advance(seconds=idle - 30)
    with page.expect_response(lambda answer: answer.request.method == "HEAD"):
        page.click("[data-stay]")
    live.site.clock.advance(seconds=idle - 30)
    walker.press_button()
    assert walker.path == "/question/spoken-language"


def test_a_device_that_slept_through_the_warning_is_wiped_at_once(
    live: LiveSite, open_page: OpenPage
) -> None:
    page = open_page()
    walker = open_question_on_tablet(live, page)
    with page.expect_navigation():
        page.clock.fast_forward(600_000)
    assert walker.heading == "Choose a language"


def test_without_a_network_a_page_left_alone_waits_wiped(
    live: LiveSite, open_page: OpenPage
) -> None:
    page = open_page()
    walker = open_question_on_tablet(live, page)
    page.fill("#own-words", "Hmoob")
    page.context.set_offline(True)
    # A scroll that came with the typing may be heard of late, at any time before the page asks, and counts as a touch.
    page.clock.run_for((90 + 110 + 1) * 1000)
    expect(page.locator("main")).to_be_empty()
    expect(page.locator("#idle")).to_contain_text("we cleared it")
    assert find_axe_violations(page) == []
    go_on(page, open_page)
    assert walker.heading == "Choose a language"


def test_without_a_network_the_thank_you_waits(live: LiveSite, open_page: OpenPage) -> None:
    page = open_page()
    walker = open_question_on_tablet(live, page)
    for _ in range(5):
        walker.press_button()
    page.context.set_offline(True)
    page.clock.run_for(21_000)
    assert walker.heading == "Thank you"
    go_on(page, open_page)
    assert walker.heading == "Choose a language"


def go_on(page: Page, open_page: OpenPage) -> None:
    """Let the network come back and the page go on by itself."""
    with page.expect_navigation():
        page.context.set_offline(False)
        page.clock.resume()
    # Chromium itself says on the console that the network was gone.
    open_page.complaints = [
        each for each in open_page.complaints if "ERR_INTERNET_DISCONNECTED" not in each
    ]


def test_a_screen_reader_tells_the_reason_and_not_every_second(
    live: LiveSite, open_page: OpenPage
) -> None:
    page = open_page()
    open_question_on_tablet(live, page)
    page.clock.run_for(91_000)
    dialog = page.get_by_role("dialog", name="Are you still here?")
    expect(dialog).to_have_accessible_description(
        "To keep your answers private, we will clear this page soon. Seconds left:"
    )
    expect(dialog.locator("output, [role=status], [role=timer], [aria-live]")).to_have_count(0)
