"""Everything fits in a real browser: on the smallest screen, in the largest text, in either direction."""

import pytest

from tests.browser.conftest import PHONE, TABLET, LiveSite, OpenPage
from tests.browser.walking import Walker

SMALLEST = (320, 568)
OUTSIDE = """() => {
  const wide = document.documentElement.clientWidth;
  const seen = [...document.querySelectorAll("body *")].filter(each => each.offsetParent && !each.matches(".skip, .unseen"));
  const out = each => each.getBoundingClientRect().left < -0.5 || each.getBoundingClientRect().right > wide + 0.5;
  return seen.filter(each => out(each)).map(each => each.outerHTML.slice(0, 80));
}"""
"""What stands partly or wholly beside the screen."""


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("size", [SMALLEST, PHONE, TABLET], ids=["smallest", "phone", "tablet"])
def test_help_opens_on_the_screen(live: LiveSite, open_page: OpenPage, size: tuple[int, int], language: str) -> None:
    live.site.visit("1")
    walker = Walker(open_page(size), live.url)
    walker.pair(live.site.pairing_code())
    walker.arrive(language)
    for text in ("large", "largest", ""):
        walker.page.click(".help summary")
        assert walker.page.evaluate(OUTSIDE) == [], text
        walker.go(f'button[name="size"][value="{text}"]')
