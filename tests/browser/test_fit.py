"""Everything fits in a real browser: on the smallest screen, in the largest text, in either direction of writing."""

from datetime import date

import pytest

from tests.browser.conftest import PHONE, TABLET, LiveSite, OpenPage
from tests.browser.walker import Walker

SMALLEST = (320, 568)
LONG = "Mixteco de Santiago Juxtlahuaca " + "Ñuu" * 60
OUTSIDE = """() => {
  const wide = document.documentElement.clientWidth;
  const unseen = ".skip, .unseen, details:not([open]) > :not(summary) *";
  const seen = [...document.querySelectorAll("body *")].filter(each => each.offsetParent && !each.matches(unseen));
  const out = each => each.getBoundingClientRect().left < -0.5 || each.getBoundingClientRect().right > wide + 0.5;
  const spills = each => each.matches(".button, .choice span, .way, dt, dd") && each.scrollWidth > each.clientWidth + 1;
  return seen.filter(each => out(each) || spills(each)).map(each => each.outerHTML.slice(0, 80));
}"""
"""What stands partly or wholly beside the screen, or runs over its own edge."""


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("size", [SMALLEST, PHONE, TABLET], ids=["smallest", "phone", "tablet"])
def test_help_opens_on_the_screen(
    live: LiveSite, open_page: OpenPage, size: tuple[int, int], language: str
) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(size), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.reach_first_question(language)
    for text in ("large", "largest", ""):
        walker.page.click(".help summary")
        assert walker.page.evaluate(OUTSIDE) == [], text
        walker.press_button(f'button[name="size"][value="{text}"]')


@pytest.mark.parametrize("language", ["es", "ru"])
def test_the_largest_text_fits_the_smallest_screen(
    live: LiveSite, open_page: OpenPage, language: str
) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(SMALLEST), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.page.click(".help summary")
    walker.press_button('button[name="size"][value="largest"]')
    for name in walker.walk_pages(language):
        assert walker.page.evaluate(OUTSIDE) == [], name


def test_a_long_write_in_fits_the_smallest_screen(live: LiveSite, open_page: OpenPage) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(SMALLEST), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.reach_first_question()
    walker.page.fill("#own-words", LONG)
    for _ in range(4):
        walker.press_button()
    assert "ÑuuÑuu" in walker.page.inner_text("dl")
    assert walker.page.evaluate(OUTSIDE) == []


def test_an_empty_field_begins_where_its_page_does(walker: Walker) -> None:
    walker.reach_first_question("ar")
    walker.tick_cards("2028-9")
    for fields in (["#own-words"], ['[id="write-in-2028-9"]', "#search"]):
        for field in fields:
            style = (
                "field => [getComputedStyle(field).direction, getComputedStyle(field).unicodeBidi]"
            )
            assert walker.page.locator(field).evaluate(style) == ["rtl", "plaintext"]
        walker.press_button()


def test_what_is_told_beside_the_question_stands_in_a_card(
    live: LiveSite, open_page: OpenPage
) -> None:
    live.site.expect_visit("1", birth_date=date(2012, 5, 17))
    walker = Walker(open_page(PHONE), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.press_button('button[value="en"]')
    walker.give_birth_date(year=2012)
    walker.press_button()
    style = "panel => [getComputedStyle(panel).borderTopStyle, getComputedStyle(panel).paddingTop]"
    border, padding = walker.page.locator("main .panel").evaluate(style)
    assert border == "solid"
    assert float(padding.removesuffix("px")) > 8


@pytest.mark.parametrize("size", [SMALLEST, PHONE, TABLET], ids=["smallest", "phone", "tablet"])
def test_of_two_ways_on_neither_outweighs_the_other(
    live: LiveSite, open_page: OpenPage, size: tuple[int, int]
) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(size), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.reach_first_question()
    widths = "buttons => buttons.map(each => Math.round(each.getBoundingClientRect().width))"
    _, decline, unknown = walker.page.locator(".actions .button").evaluate_all(widths)
    assert abs(decline - unknown) <= 1
    walker.tick_cards("2028-9")
    walker.press_button('button[value="declined"]')
    keep, decline = walker.page.locator(".actions .button").evaluate_all(widths)
    assert abs(keep - decline) <= 1


@pytest.mark.parametrize("language", ["en", "es", "ar", "ru"])
def test_the_answers_to_check_stand_in_line(
    live: LiveSite, open_page: OpenPage, language: str
) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.reach_first_question(language)
    walker.press_button('button[value="declined"]')
    while walker.path != "/check":
        walker.press_button()
    for part in ("dd:not(.change)", "dd.change"):
        starts = "parts => parts.map(each => [each.getBoundingClientRect().left, each.getBoundingClientRect().right])"
        assert (
            len(
                {tuple(map(round, each)) for each in walker.page.locator(part).evaluate_all(starts)}
            )
            == 1
        )
    assert walker.page.evaluate(OUTSIDE) == []


def test_own_words_stand_in_the_quotation_marks_of_arabic(walker: Walker) -> None:
    walker.reach_first_question("ar")
    walker.page.fill("#own-words", "حلبي")
    while walker.path != "/check":
        walker.press_button()
    assert (
        walker.page.locator(".answers q").evaluate("quote => getComputedStyle(quote).quotes")
        == '"«" "»"'
    )


def test_in_the_largest_text_a_tablet_breaks_no_word_of_a_button_or_an_answer(
    live: LiveSite, open_page: OpenPage
) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.page.click(".help summary")
    walker.press_button('button[name="size"][value="largest"]')
    whole = "parts => parts.forEach(each => each.style.overflowWrap = 'normal')"
    for name in walker.walk_pages("ru"):
        walker.page.locator("main .button, .actions .button, .choice span, dt, dd").evaluate_all(
            whole
        )
        assert walker.page.evaluate(OUTSIDE) == [], name
