"""Pages fit the smallest screen, the largest text and both directions of writing."""

from datetime import date

import pytest

from tests.browser.checks import find_off_screen
from tests.browser.conftest import PHONE, TABLET, LiveSite, OpenPage
from tests.browser.walker import Walker

SMALLEST = (320, 568)
LONG_WRITE_IN = "Mixteco de Santiago Juxtlahuaca " + "Ñuu" * 60


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("size", [SMALLEST, PHONE, TABLET], ids=["smallest", "phone", "tablet"])
def test_help_fits_the_screen(
    live: LiveSite, open_page: OpenPage, size: tuple[int, int], language: str
) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(size), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.reach_first_question(language)
    for text in ("large", "largest", ""):
        walker.page.click(".help summary")
        assert find_off_screen(walker.page) == [], text
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
        assert find_off_screen(walker.page) == [], name


def test_a_long_write_in_fits_the_smallest_screen(live: LiveSite, open_page: OpenPage) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(SMALLEST), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.reach_first_question()
    walker.page.fill("#own-words", LONG_WRITE_IN)
    for _ in range(4):
        walker.press_button()
    assert "ÑuuÑuu" in walker.page.inner_text("dl")
    assert find_off_screen(walker.page) == []


def test_an_empty_field_has_the_direction_of_its_page(walker: Walker) -> None:
    walker.reach_first_question("ar")
    walker.tick_cards("2028-9")
    for fields in (["#own-words"], ['[id="write-in-2028-9"]', "#search"]):
        for field in fields:
            style = (
                "field => [getComputedStyle(field).direction, getComputedStyle(field).unicodeBidi]"
            )
            assert walker.page.locator(field).evaluate(style) == ["rtl", "plaintext"]
        walker.press_button()


def test_shows_the_notice_beside_a_question_in_a_card(live: LiveSite, open_page: OpenPage) -> None:
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
def test_alternative_buttons_have_equal_width(
    live: LiveSite, open_page: OpenPage, size: tuple[int, int]
) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(size), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.reach_first_question()
    widths = "buttons => buttons.map(button => Math.round(button.getBoundingClientRect().width))"
    _, decline, unknown = walker.page.locator(".actions .button").evaluate_all(widths)
    assert abs(decline - unknown) <= 1
    walker.tick_cards("2028-9")
    walker.press_button('button[value="declined"]')
    keep, decline = walker.page.locator(".actions .button").evaluate_all(widths)
    assert abs(keep - decline) <= 1


@pytest.mark.parametrize("language", ["en", "es", "ar", "ru"])
def test_the_answers_on_the_check_page_are_aligned(
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
        edges = (
            "parts => parts.map(part => part.getBoundingClientRect())"
            ".map(box => [box.left, box.right])"
        )
        boxes = walker.page.locator(part).evaluate_all(edges)
        assert len({tuple(map(round, box)) for box in boxes}) == 1
    assert find_off_screen(walker.page) == []


def test_quotes_own_words_in_arabic_quotation_marks(walker: Walker) -> None:
    walker.reach_first_question("ar")
    walker.page.fill("#own-words", "حلبي")
    while walker.path != "/check":
        walker.press_button()
    assert (
        walker.page.locator(".answers q").evaluate("quote => getComputedStyle(quote).quotes")
        == '"«" "»"'
    )


def test_the_largest_text_breaks_no_word_on_a_tablet(live: LiveSite, open_page: OpenPage) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.page.click(".help summary")
    walker.press_button('button[name="size"][value="largest"]')
    break_no_word = "parts => parts.forEach(part => part.style.overflowWrap = 'normal')"
    for name in walker.walk_pages("ru"):
        walker.page.locator("main .button, .actions .button, .choice span, dt, dd").evaluate_all(
            break_no_word
        )
        assert find_off_screen(walker.page) == [], name
