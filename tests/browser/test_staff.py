"""The staff pages in a real browser: accessible, at every size, and without a trace at sign-out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from intake.report.build import build_report
from intake.report.codec import to_json
from intake.staff import monitor
from intake.store import devices, reports, servers, strategies, users, visits
from intake.store.outbox import conflict_decisions, leases, submissions
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from intake.store.strategies import StoredStrategy
from tests.browser.conftest import PHONE, LiveSite, OpenPage
from tests.browser.test_patient import find_axe_violations
from tests.store.test_submissions import make_submission
from tests.support.report_export import HILLTOP, RIVERSIDE, ExportFolder, report_request
from tests.support.site_submissions import WORKSHEET
from tests.support.sites import TestSite
from tests.support.staff import PASSWORD

DESK = (1280, 900)
# Pages at 400 % on a screen of 1280 by 1024 are as wide as this.
ZOOMED = (320, 256)
LONG = "Maria-Fernanda Guadalupe de la Santísima Trinidad Hernández-Villavicencio"

PAGES: tuple[tuple[str, str], ...] = (
    ("/staff/today", ""),
    ("/staff/today?clinic=hillside", ""),
    ("/staff/today?clinic=riverside", "text=Get code"),
    ("/staff/today?clinic=riverside", "text=Create link"),
    ("/staff/tablets", ""),
    ("/staff/tablets", "text=Create a pairing code"),
    ("/staff/tablets", "text=Revoke"),
    ("/staff/monitor", ""),
    ("/staff/monitor?state=held", "tbody a"),
    ("/staff/monitor?state=waiting", "tbody a"),
    ("/staff/monitor?state=verified", "tbody a"),
    ("/staff/monitor?chart=other", ""),
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
"""Addresses, and what is pressed there to come to the page that is looked at."""


def fill_site(site: TestSite, export_folder: ExportFolder) -> None:
    """Fill a clinic's day: patients, submissions in many states, a paused server, a report."""
    for number, name in enumerate(("Ana Lopez", "محمد الأحمد", LONG)):
        site.expect_visit(
            str(number), name=name, starts_at=site.clock() + timedelta(hours=2 * number)
        )
    for number in range(40):
        export_folder.add_patient(f"p{number}")
        export_folder.add_observation("race", "2028-9", patient=f"p{number}")
    snapshot = to_json(
        build_report(
            export_folder.write_files(), report_request("2026-Q3", RIVERSIDE, HILLTOP)
        ).report
    )
    with site.database.write() as tx:
        visits.record_fetch(tx, "riverside", [], tx.now, tx.now)
        for number in range(6):
            submissions.store_submission(
                tx, replace(make_submission(), patient=f"Patient/{number}"), "main"
            )
        held, waiting, typed, other, done, _ = leases.acquire_leases(
            tx, "main", limit=6, lease=timedelta(minutes=5)
        )
        leases.hold_submission(
            tx, held, reason="patient", words="The patient's record is gone. Find the right chart."
        )
        leases.schedule_retry(
            tx, waiting, until=tx.now, reason="http-503", words="The server cannot serve now."
        )
        leases.hold_submission(
            tx,
            typed,
            reason="worklist",
            words="A person has to type it.",
            detail=json.dumps(WORKSHEET),
        )
        contest = conflict_decisions.StoredConflict(
            "spoken-language", ("English",), ("Español",), "over"
        )
        leases.hold_submission(
            tx,
            other,
            reason="chart-changed",
            words="The chart was changed.",
            detail=conflict_decisions.encode_conflicts((contest,)),
        )
        leases.record_sending(
            tx, done, UndoRecord(WriteTarget("Patient/4", "1"), "{}"), timedelta(minutes=5)
        )
        leases.mark_verified(tx, done)
        strategies.pin_strategy(
            tx,
            "main",
            StoredStrategy(
                "",
                "put",
                ("chart",),
                batch=False,
                reasons=("no transaction: it does not offer it",),
            ),
        )
        servers.record_worker_seen(tx, "main")
        servers.pause_server(
            tx,
            "main",
            until=tx.now + timedelta(minutes=1),
            reason="http-401",
            words="We are not let in.",
        )
        devices.invite_device(tx, "riverside", "Front door")
        reports.save_snapshot(tx, "2026-Q3", snapshot)
        users.add_user(tx, "bo", {"desk"})
        users.add_user(tx, "ada", users.ROLES, PASSWORD)


@pytest.fixture
def filled(live: LiveSite, tmp_path: Path) -> LiveSite:
    fill_site(live.site, ExportFolder(tmp_path))
    return live


def sign_in(page: Page, live: LiveSite) -> None:
    page.goto(f"{live.url}/staff/")
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.click("main button")


def visit_pages(page: Page, live: LiveSite) -> Iterator[str]:
    """Go to every page, and yield what was done to come there."""
    page.goto(f"{live.url}/staff/sign-in")
    yield "sign-in"
    page.click("main button")
    yield "sign-in, refused"
    page.goto(f"{live.url}/staff/once/none")
    yield "once"
    sign_in(page, live)
    for path, pressed in PAGES:
        page.goto(live.url + path)
        if pressed:
            with page.expect_navigation():
                page.locator(f"main >> {pressed}").first.click()
        yield f"{path} {pressed}"


def overflow_width(page: Page) -> int:
    """How much wider the page is than the window."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def is_expected_answer(message: ConsoleMessage) -> bool:
    """Return whether the message is about a page's 4xx answer, not about a missing resource."""
    return "status of 4" in message.text and "/static/" not in message.location["url"]


@pytest.fixture
def opened(open_page: OpenPage) -> Callable[..., Page]:
    """Open pages, and ignore the browser's messages about the expected 4xx answers."""

    def open_one(size: tuple[int, int], *, dark: bool = False) -> Page:
        page = open_page(size, dark=dark)
        page.on(
            "console",
            lambda message: (
                open_page.complaints.remove(message.text) if is_expected_answer(message) else None
            ),
        )
        return page

    return open_one


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    filled: LiveSite, opened: Callable[..., Page], dark: bool
) -> None:
    page = opened(DESK, dark=dark)
    for name in visit_pages(page, filled):
        assert find_axe_violations(page) == [], name


@pytest.mark.parametrize("size", [ZOOMED, PHONE, DESK], ids=["zoomed", "phone", "desk"])
def test_no_page_is_wider_than_the_window(
    filled: LiveSite, opened: Callable[..., Page], size: tuple[int, int]
) -> None:
    page = opened(size)
    for name in visit_pages(page, filled):
        assert overflow_width(page) <= 0, name
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert size == ZOOMED or overflow_width(page) <= 0, f"{name} with large text"


def test_axe_finds_nothing_on_a_phone_where_patients_are_cards(
    filled: LiveSite, opened: Callable[..., Page]
) -> None:
    page = opened(PHONE)
    sign_in(page, filled)
    page.goto(f"{filled.url}/staff/today?clinic=riverside")
    assert find_axe_violations(page) == []
    assert page.get_by_role("row").count() == 4
    assert page.get_by_role("rowheader").count() == 3
    button = page.get_by_role("button", name="Get code for Ana Lopez")
    box = button.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= PHONE[0]
    assert box["height"] >= 48


def test_with_a_keyboard_alone(filled: LiveSite, opened: Callable[..., Page]) -> None:
    page = opened(DESK)

    def reach(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if " ".join(page.evaluate("document.activeElement.innerText").split()) == name:
                return
        raise AssertionError(f"{name} cannot be reached")

    page.goto(f"{filled.url}/staff/sign-in")
    for typed in ("ada", PASSWORD):
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement.tagName") != "INPUT":
            page.keyboard.press("Tab")
        page.keyboard.type(typed)
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


def test_back_after_signing_out_shows_no_name(
    filled: LiveSite, opened: Callable[..., Page]
) -> None:
    page = opened(DESK)
    sign_in(page, filled)
    page.goto(f"{filled.url}/staff/today?clinic=riverside")
    expect(page.get_by_text("Ana Lopez").first).to_be_visible()
    with page.expect_navigation():
        page.click("text=Sign out")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Sign in")
    assert "Ana Lopez" not in page.content()


def test_the_picture_of_a_link_is_drawn(filled: LiveSite, opened: Callable[..., Page]) -> None:
    page = opened(DESK, dark=True)
    sign_in(page, filled)
    page.goto(f"{filled.url}/staff/today?clinic=riverside")
    with page.expect_navigation():
        page.locator("text=Create link").first.click()
    assert page.evaluate("document.querySelector('.qr').naturalWidth") > 100


def test_the_monitor_refreshes_itself_where_that_was_asked_for(
    filled: LiveSite, opened: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "REFRESH_SECONDS", 2)
    page = opened(DESK)
    sign_in(page, filled)
    page.goto(f"{filled.url}/staff/monitor?state=held")
    with page.expect_navigation():
        page.click("text=Refresh every")
    with page.expect_navigation(url="**by=itself**"):
        pass
    with page.expect_navigation(url=lambda url: "live" not in url):
        page.click("text=Stop refreshing")
    assert "state=held" in page.url


def test_the_report_prints_without_what_is_only_for_the_screen(
    filled: LiveSite, opened: Callable[..., Page]
) -> None:
    page = opened(DESK)
    sign_in(page, filled)
    page.goto(f"{filled.url}/staff/report")
    page.emulate_media(media="print")
    expect(page.locator(".top")).to_be_hidden()
    expect(page.get_by_text("Download CSV")).to_be_hidden()
    expect(page.locator("table.headline")).to_be_visible()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
    )


def test_the_report_of_large_clinics_is_whole_on_the_desks_screen(
    filled: LiveSite, opened: Callable[..., Page]
) -> None:
    page = opened(DESK)
    sign_in(page, filled)
    page.goto(f"{filled.url}/staff/report")
    page.evaluate(
        "document.querySelectorAll('.report small')"
        ".forEach((share) => { share.textContent = '12345 / 14000'; })"
    )
    assert page.evaluate(
        "[...document.querySelectorAll('.scroll')]"
        ".every((table) => table.scrollWidth <= table.clientWidth)"
    )
