"""Every group and the line for own words begin on the first screen of a 10-inch tablet."""

import pytest

from intake import i18n
from tests.browser.conftest import LiveSite, OpenPage
from tests.browser.walker import Walker

TABLETS = ((1024, 768), (1280, 800), (800, 1280))
GATE_LANGUAGES = ("en", "ar", "ru")
ALL_LANGUAGES = i18n.existing_tags()

_EDGES = """() => {
  const top = document.querySelector(".actions").getBoundingClientRect().top;
  const bottom = node => node.getBoundingClientRect().bottom;
  const label = document.querySelector("label[for=own-words]");
  return [top - Math.max(...[...document.querySelectorAll(".choice")].map(bottom)),
    top - bottom(label)];
}"""


@pytest.mark.parametrize(
    "language",
    [
        pytest.param(tag, marks=() if tag in GATE_LANGUAGES else pytest.mark.languages)
        for tag in ALL_LANGUAGES
    ],
)
def test_all_groups_and_own_words_are_on_the_first_screen(
    live: LiveSite, open_page: OpenPage, language: str
) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.reach_first_question(language)
    for width, height in TABLETS:
        walker.page.set_viewport_size({"width": width, "height": height})
        walker.page.evaluate("scrollTo(0, 0)")
        cards, own_words = walker.page.evaluate(_EDGES)
        assert cards >= 0, (width, height, cards)
        assert own_words >= 0, (width, height, own_words)
