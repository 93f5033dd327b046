"""Takes the README's pictures of the demo: `uv run python -m tests.browser.take_pictures`."""

import calendar
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM_FLAGS, PHONE, TABLET, find_chromium
from tests.browser.walker import Walker

PICTURES = Path(__file__).parent / "looks"
MONTHS = list(calendar.month_name)
BIRTH_DATE = re.compile(r"born (?P<month>\w+) (?P<day>\d+), (?P<year>\d+)")


def main() -> int:
    """Start the demo, take the pictures and stop the demo."""
    PICTURES.mkdir(exist_ok=True)
    with start_demo() as (addresses, words), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        picture_patient_pages(browser, addresses, words)
        picture_staff_pages(browser, addresses)
        browser.close()
    return 0


@contextmanager
def start_demo() -> Iterator[tuple[Mapping[str, str], str]]:
    """Run the demo and yield its addresses by name, and its suggestions."""
    command = [sys.executable, "-m", "intake", "demo", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    addresses, words = {}, []
    for line in process.stdout:
        if line.startswith("ready "):
            _, name, url = line.split()
            addresses[name] = url
        words.append(line.strip())
        if line.startswith("Ctrl-C"):
            break
    try:
        yield addresses, " ".join(words)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def picture_patient_pages(browser: Browser, addresses: Mapping[str, str], words: str) -> None:
    """Picture the tablet in English and in Arabic, and the first question on a phone."""
    born = BIRTH_DATE.search(words)
    assert born is not None
    page = open_light_page(browser, TABLET)
    walker = Walker(page, addresses["kiosk"].rpartition("/")[0])
    page.goto(addresses["kiosk"])
    walker.press_button("main .go")
    take_picture(page, "kiosk-language")
    for language in ("en", "ar"):
        walker.press_button(f'button[value="{language}"]')
        walker.give_birth_date(int(born["day"]), MONTHS.index(born["month"]), int(born["year"]))
        walker.press_button()
        walker.tick_cards("self")
        walker.press_button()
        walker.tick_cards("2028-9", "2118-8")
        if language == "en":
            take_picture(page, "question")
            page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            page.evaluate("scrollTo(0, 0)")
            take_picture(page, "question-phone")
            page.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
            page.goto(addresses["kiosk"])
    walker.press_button()
    walker.tick_cards("2047-9", "2125-3")
    page.fill('[id="write-in-2118-8"]', "حلبي")
    walker.press_button()
    walker.tick_cards("ar")
    walker.press_button()
    walker.tick_cards("ar")
    walker.press_button()
    walker.press_button('button[value="declined"]')
    take_picture(page, "check-ar")
    walker.press_button()


def picture_staff_pages(browser: Browser, addresses: Mapping[str, str]) -> None:
    """Picture the front desk's day, the monitor with the new submission, and the report."""
    page = open_light_page(browser, (1280, 900))
    page.goto(addresses["staff"])
    with page.expect_navigation():
        page.click("main button")
    take_picture(page, "today")
    base = addresses["staff"].partition("/once/")[0]
    page.goto(f"{base}/monitor")
    page.wait_for_timeout(3000)
    page.goto(f"{base}/monitor")
    take_picture(page, "monitor")
    page.goto(f"{base}/report")
    take_picture(page, "report")


def open_light_page(browser: Browser, size: tuple[int, int]) -> Page:
    """Return a page of that size in light colors."""
    return browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme="light")


def take_picture(page: Page, name: str) -> None:
    """Save a picture of the visible part of the page."""
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
