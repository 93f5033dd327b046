"""Fixtures for a real Chromium and a served site, both on this machine."""

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright
from waitress.server import create_server

from intake.i18n import existing_tags
from tests.browser.walker import Walker
from tests.support.prerequisites import skip_or_fail
from tests.support.sites import TestSite, make_site

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING_CHROMIUM = (
    "The browser tests need Chromium: `apt-get install chromium`, "
    "or `uv run playwright install chromium`"
)
MISSING_DRIVER = (
    "Playwright's driver does not start on this machine: `apt-get install chromium` brings the "
    "libraries it needs"
)
BLOCKED_WORKER = "Service Worker registration blocked by Playwright"
TABLET, PHONE = (1024, 768), (390, 844)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as a browser test."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Launch Debian's Chromium, or Playwright's own."""
    playwright = _start_playwright()
    try:
        chromium = _launch_chromium(playwright)
        yield chromium
        chromium.close()
    finally:
        playwright.stop()


def _start_playwright() -> Playwright:
    try:
        return sync_playwright().start()
    except Exception:  # noqa: BLE001
        # Playwright's driver is a Node of its own. On a machine that lacks one of Node's
        # libraries it ends at once, and Playwright raises whatever it was doing then.
        skip_or_fail(MISSING_DRIVER)


def find_chromium() -> str | None:
    """Return the path of the machine's Chromium; None leaves the choice to Playwright."""
    return (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )


def _launch_chromium(playwright: Playwright) -> Browser:
    try:
        return playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
    except Error:
        skip_or_fail(MISSING_CHROMIUM)


@dataclass
class LiveSite:
    """A site and its address."""

    site: TestSite
    url: str


@pytest.fixture
def live(template: Path, tmp_path: Path) -> Iterator[LiveSite]:
    """Serve a site that asks every question; its clock stands still."""
    site = make_site(
        template, tmp_path, languages=existing_tags(), question_set="spd15-2024-tribal"
    )
    server = create_server(
        site.app, host="127.0.0.1", port=0, threads=4, clear_untrusted_proxy_headers=True
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    yield LiveSite(site, f"http://127.0.0.1:{server.effective_port}")
    # Closed in the server's own thread, because that thread may be waiting on these sockets.
    server.trigger.pull_trigger(server.close)
    thread.join(10)
    site.database.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator["OpenPage"]:
    """Open pages, each in a context of its own; a console warning fails the test."""
    opener = OpenPage(browser)
    yield opener
    opener.close()


class OpenPage:
    """Opens pages and collects their console warnings and errors."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def __call__(
        self,
        size: tuple[int, int] = TABLET,
        *,
        script: bool = True,
        dark: bool = False,
        languages: str = "en-US",
        worker: bool = False,
    ) -> Page:
        """Return a new page in a new browser context; `worker` lets it have a service worker."""
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=script,
            color_scheme="dark" if dark else "light",
            locale=languages,
            # Playwright cannot route what a service worker fetches.
            service_workers="allow" if worker else "block",
        )
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type in ("error", "warning") and BLOCKED_WORKER not in message.text
                else None
            ),
        )
        return page

    def close(self) -> None:
        """Close every browser context; fail if a page complained."""
        for context in self._contexts:
            context.close()
        assert not self.complaints, self.complaints


@pytest.fixture
def walker(live: LiveSite, open_page: OpenPage) -> Walker:
    """Return a patient at a paired tablet of Riverside, with a visit expected now."""
    live.site.expect_visit("1")
    patient = Walker(open_page(), live.url)
    patient.pair_tablet(live.site.create_pairing_code())
    return patient


def open_question_on_tablet(live: LiveSite, page: Page) -> Walker:
    """Return a patient at a tablet's first question; the test sets the page's clock."""
    live.site.expect_visit("1")
    page.clock.install()
    patient = Walker(page, live.url)
    patient.pair_tablet(live.site.create_pairing_code())
    patient.reach_first_question()
    return patient
