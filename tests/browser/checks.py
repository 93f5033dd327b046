"""What the browser tests check on a page: axe violations, small targets, content off the screen."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage

# Pages at 400 % on a screen of 1280 by 1024 have this size.
ZOOMED = (320, 256)

_SMALL_TARGETS = """() => {
  const targets = "a, button, summary, label.choice, .field input, select";
  return [...document.querySelectorAll(targets)]
    .filter(node => node.offsetParent && !node.matches(".unseen, .skip"))
    .map(node => [node.getBoundingClientRect(), node])
    .filter(([box]) => box.height < 47.5 || box.width < 47.5)
    .map(([box, node]) => `${node.outerHTML.slice(0, 80)} ${box.width}x${box.height}`);
}"""

_OFF_SCREEN = """() => {
  const width = document.documentElement.clientWidth;
  const closed = "details:not([open]) > :not(summary)";
  const hidden = `.skip, .unseen, ${closed}, ${closed} *`;
  const isOut = box => box.left < -0.5 || box.right > width + 0.5;
  const spills = node => node.matches(".button, .choice span, .find-form, dt, dd")
    && node.scrollWidth > node.clientWidth + 1;
  return [...document.querySelectorAll("body *")]
    .filter(node => node.offsetParent && !node.matches(hidden))
    .filter(node => isOut(node.getBoundingClientRect()) || spills(node))
    .map(node => node.outerHTML.slice(0, 80));
}"""


def find_axe_violations(page: Page) -> list[str]:
    """Return the violations that axe finds, each with its first element."""
    violations = Axe().run(page).response["violations"]
    return [f"{item['id']}: {item['nodes'][0]['html'][:120]}" for item in violations]


def find_small_targets(page: Page) -> list[str]:
    """Return the visible targets that are less than 48 px high or wide."""
    targets: list[str] = page.evaluate(_SMALL_TARGETS)
    return targets


def find_off_screen(page: Page) -> list[str]:
    """Return the elements that are partly beside the screen, or run over their own edge."""
    elements: list[str] = page.evaluate(_OFF_SCREEN)
    return elements


def overflow_width(page: Page) -> int:
    """Return how much wider the page is than the window."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def ignore_lost_network(open_page: OpenPage) -> None:
    """Drop Chromium's own console messages about a network that the test took away."""
    open_page.complaints = [
        complaint
        for complaint in open_page.complaints
        if "ERR_INTERNET_DISCONNECTED" not in complaint
    ]
