"""The staff pages in a real browser: accessible, in light and dark, by keyboard."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from intake.staff import monitor
from tests.browser.checks import ZOOMED, find_axe_violations, overflow_width
from tests.browser.conftest import PHONE, LiveSite, OpenPage
from tests.browser.staff_site import fill_site
from tests.support.report_export import ExportFolder
from tests.support.site_submissions import hold_submission
from tests.support.staff import PASSWORD

DESK = (1280, 900)

PAGES: tuple[tuple[str, str], ...] = (
    ("/staff/today", ""),
    ("/staff/today?clinic=hillside", ""),
    ("/staff/today?clinic=riverside", "text=Get code"),
    ("/staff/today?clinic=riverside", "text=Create link"),
    ("/staff/today?clinic=riverside", "text=Enter answers"),
    ("/staff/tablets", ""),
    ("/staff/tablets", "text=Create a pairing code"),
    ("/staff/tablets", "text=Revoke"),
    ("/staff/monitor", ""),
    ("/staff/monitor?state=held", "tbody a"),
    ("/staff/monitor?state=waiting", "tbody a"),
    ("/staff/monitor?state=verified", "tbody a"),
    ("/staff/monitor?chart=other", ""),
    ("/staff/monitor", ".causes .acts a"),
    ("/staff/monitor?id=0&from=2026-11-24", ""),
    ("/staff/review", ""),
    ("/staff/review", "tbody a"),
    ("/staff/report", ""),
    ("/staff/worklist", ""),
    ("/staff/users", ""),
    ("/staff/users", "text=Add user and create one-time sign-in"),
    ("/staff/users", "tbody button"),
    ("/staff/users", "tbody a"),
    ("/staff/audit", ""),
    ("/staff/password", ""),
    ("/staff/password", "text=Set the password"),
    ("/staff/submissions/nothing", ""),
)
"""Addresses, and the link or button there that leads to the page under test."""


@pytest.fixture
def filled(live: LiveSite, tmp_path: Path) -> LiveSite:
    fill_site(live.site, ExportFolder(tmp_path))
    return live


def sign_in_staff(page: Page, live: LiveSite) -> None:
    page.goto(f"{live.url}/staff/")
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.click("main button")


def walk_pages(page: Page, live: LiveSite) -> Iterator[str]:
    """Go to every page and yield its address and the pressed button."""
    page.goto(f"{live.url}/staff/sign-in")
    yield "sign-in"
    page.click("main button")
    yield "sign-in, refused"
    page.goto(f"{live.url}/staff/once/none")
    yield "once"
    sign_in_staff(page, live)
    for path, pressed in PAGES:
        page.goto(live.url + path)
        if pressed:
            with page.expect_navigation():
                page.locator(f"main >> {pressed}").first.click()
        yield f"{path} {pressed}"


def is_expected_status(message: ConsoleMessage) -> bool:
    """Return whether a console message is about a page with status 4xx, not about its assets."""
    return "status of 4" in message.text and "/static/" not in message.location["url"]


@pytest.fixture
def open_staff_page(open_page: OpenPage) -> Callable[..., Page]:
    """Open pages; console messages about the status 4xx are no complaint here."""

    def ignore_expected_status(message: ConsoleMessage) -> None:
        if is_expected_status(message):
            open_page.complaints.remove(message.text)

    def open_one_page(size: tuple[int, int], *, dark: bool = False) -> Page:
        page = open_page(size, dark=dark)
        page.on("console", ignore_expected_status)
        return page

    return open_one_page


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_no_violation_on_any_page(
    filled: LiveSite, open_staff_page: Callable[..., Page], dark: bool
) -> None:
    page = open_staff_page(DESK, dark=dark)
    for name in walk_pages(page, filled):
        assert find_axe_violations(page) == [], name


@pytest.mark.parametrize("size", [ZOOMED, PHONE, DESK], ids=["zoomed", "phone", "desk"])
def test_no_page_is_wider_than_the_window(
    filled: LiveSite, open_staff_page: Callable[..., Page], size: tuple[int, int]
) -> None:
    page = open_staff_page(size)
    for name in walk_pages(page, filled):
        assert overflow_width(page) <= 0, name
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert size == ZOOMED or overflow_width(page) <= 0, f"{name} with large text"


def test_axe_finds_no_violation_in_patient_cards_on_a_phone(
    filled: LiveSite, open_staff_page: Callable[..., Page]
) -> None:
    page = open_staff_page(PHONE)
    sign_in_staff(page, filled)
    page.goto(f"{filled.url}/staff/today?clinic=riverside")
    assert find_axe_violations(page) == []
    assert page.get_by_role("row").count() == 4
    assert page.get_by_role("rowheader").count() == 3
    button = page.get_by_role("button", name="Get code for Ana Lopez")
    box = button.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= PHONE[0]
    assert box["height"] >= 48


def test_works_with_a_keyboard_alone(
    filled: LiveSite, open_staff_page: Callable[..., Page]
) -> None:
    page = open_staff_page(DESK)

    def reach(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if " ".join(page.evaluate("document.activeElement.innerText").split()) == name:
                return
        raise AssertionError(f"{name} cannot be reached")

    page.goto(f"{filled.url}/staff/sign-in")
    for text in ("ada", PASSWORD):
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement.tagName") != "INPUT":
            page.keyboard.press("Tab")
        page.keyboard.type(text)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_in_viewport()
    reach("Get code for Ana Lopez")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.inner_text("h1") == "Code for Ana Lopez"
    reach("Sign out")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.inner_text("h1") == "Sign in"


def test_back_after_sign_out_shows_no_name(
    filled: LiveSite, open_staff_page: Callable[..., Page]
) -> None:
    page = open_staff_page(DESK)
    sign_in_staff(page, filled)
    page.goto(f"{filled.url}/staff/today?clinic=riverside")
    expect(page.get_by_text("Ana Lopez").first).to_be_visible()
    with page.expect_navigation():
        page.click("text=Sign out")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Sign in")
    assert "Ana Lopez" not in page.content()


def test_draws_the_qr_code_of_a_link(
    filled: LiveSite, open_staff_page: Callable[..., Page]
) -> None:
    page = open_staff_page(DESK, dark=True)
    sign_in_staff(page, filled)
    page.goto(f"{filled.url}/staff/today?clinic=riverside")
    with page.expect_navigation():
        page.locator("text=Create link").first.click()
    assert page.evaluate("document.querySelector('.qr').naturalWidth") > 100


def test_the_monitor_refreshes_itself_in_place(
    filled: LiveSite, open_staff_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "REFRESH_SECONDS", 1)
    page = open_staff_page(DESK)
    sign_in_staff(page, filled)
    page.goto(f"{filled.url}/staff/monitor?state=held")
    expect(page.get_by_text("This page refreshes itself.")).to_be_visible()
    expect(page.get_by_text("Refresh every")).to_be_hidden()
    page.click("text=More about main")
    page.evaluate("window.isSamePage = true")
    held = page.locator("#list tbody tr")
    count = held.count()
    hold_submission(filled.site, "Patient/new")
    expect(held).to_have_count(count + 1)
    expect(page.get_by_text("Worker last seen")).to_be_visible()
    assert page.evaluate("window.isSamePage")
    # A monitor must not look alive when its page is gone.
    page.route("**/staff/monitor**", lambda route: route.fulfill(status=404))
    expect(page.get_by_text("could not be refreshed")).to_be_visible()


def test_prints_the_report_without_screen_controls(
    filled: LiveSite, open_staff_page: Callable[..., Page]
) -> None:
    page = open_staff_page(DESK)
    sign_in_staff(page, filled)
    page.goto(f"{filled.url}/staff/report")
    page.emulate_media(media="print")
    expect(page.locator(".top")).to_be_hidden()
    expect(page.get_by_text("Download CSV")).to_be_hidden()
    expect(page.locator("table.headline")).to_be_visible()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
    )


def test_the_report_of_large_clinics_fits_the_screen(
    filled: LiveSite, open_staff_page: Callable[..., Page]
) -> None:
    page = open_staff_page(DESK)
    sign_in_staff(page, filled)
    page.goto(f"{filled.url}/staff/report")
    page.evaluate(
        "document.querySelectorAll('.report small')"
        ".forEach((cell) => { cell.textContent = '12345 / 14000'; })"
    )
    assert page.evaluate(
        "[...document.querySelectorAll('.scroll')]"
        ".every((table) => table.scrollWidth <= table.clientWidth)"
    )
