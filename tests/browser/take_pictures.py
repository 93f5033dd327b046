"""Takes the README's pictures of the demo into tests/browser/looks/: run by hand, `uv run python -m tests.browser.take_pictures`."""

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

LOOKS = Path(__file__).parent / "looks"
MONTHS = list(calendar.month_name)
SAID = re.compile(r"born (?P<month>\w+) (?P<day>\d+), (?P<year>\d+)")


def main() -> int:
    """Start the demo, take the pictures, end it."""
    LOOKS.mkdir(exist_ok=True)
    with demo() as (addresses, words), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        patient(browser, addresses, words)
        staff(browser, addresses)
        browser.close()
    return 0


@contextmanager
def demo() -> Iterator[tuple[Mapping[str, str], str]]:
    """Run the demo; yields its addresses by name, and what it suggests to try."""
    command = [sys.executable, "-m", "intake.cli", "demo", "--port", "0"]
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


def patient(browser: Browser, addresses: Mapping[str, str], words: str) -> None:
    """The tablet in English and, to the check page, in Arabic; the first question on a phone."""
    born = SAID.search(words)
    assert born is not None
    page = opened(browser, TABLET)
    walker = Walker(page, addresses["kiosk"].rpartition("/")[0])
    page.goto(addresses["kiosk"])
    walker.press_button("main .go")
    picture(page, "kiosk-language")
    for language in ("en", "ar"):
        walker.press_button(f'button[value="{language}"]')
        walker.give_birth_date(int(born["day"]), MONTHS.index(born["month"]), int(born["year"]))
        walker.press_button()
        walker.tick_cards("self")
        walker.press_button()
        walker.tick_cards("2028-9", "2118-8")
        if language == "en":
            picture(page, "question")
            page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            page.evaluate("scrollTo(0, 0)")
            picture(page, "question-phone")
            page.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
            walker.press_button("#over button")
    walker.press_button()
    walker.tick_cards("2047-9", "2125-3")
    page.fill('[id="write-in-2118-8"]', "حلبي")
    walker.press_button()
    walker.tick_cards("ar")
    walker.press_button()
    walker.tick_cards("ar")
    walker.press_button()
    walker.press_button('button[value="declined"]')
    picture(page, "check-ar")
    walker.press_button()


def staff(browser: Browser, addresses: Mapping[str, str]) -> None:
    """The desk's day, IT's monitor with what the patient just sent, and the quality lead's report."""
    page = opened(browser, (1280, 900))
    page.goto(addresses["staff"])
    with page.expect_navigation():
        page.click("main button")
    picture(page, "today")
    base = addresses["staff"].partition("/once/")[0]
    page.goto(f"{base}/monitor")
    page.wait_for_timeout(3000)
    page.goto(f"{base}/monitor")
    picture(page, "monitor")
    page.goto(f"{base}/report")
    picture(page, "report")


def opened(browser: Browser, size: tuple[int, int]) -> Page:
    """A page of that size, in light."""
    return browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme="light")


def picture(page: Page, name: str) -> None:
    """Take what can be seen now."""
    page.screenshot(path=LOOKS / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
