"""The search in a real browser: an ARIA combobox, and a heading that says the count."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import find_axe_violations, find_off_screen, find_small_targets
from tests.browser.walker import Walker

LISTBOX = "#suggestions"


def reach_details(walker: Walker, language: str = "en") -> Page:
    walker.reach_first_question(language)
    walker.tick_cards("2028-9")
    walker.press_button()
    return walker.page


def type_term(page: Page, term: str) -> None:
    page.locator("#search").press_sequentially(term, delay=20)
    expect(page.locator(f"{LISTBOX} li").first).to_be_visible()


def test_moves_the_focus_to_the_heading_with_the_count(walker: Walker) -> None:
    page = reach_details(walker)
    page.fill("#search", "hmong")
    walker.press_enter("#search")
    expect(page.locator("#found")).to_be_focused()
    expect(page.locator("#found")).to_have_text("Results: 1")
    expect(page.locator("#search-status")).to_have_text("Results: 1")


def test_suggests_while_the_patient_types(walker: Walker) -> None:
    page = reach_details(walker)
    field = page.locator("#search")
    expect(field).to_have_attribute("aria-expanded", "false")
    type_term(page, "hmon")
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#search-status")).to_have_text("Results: 1")
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "s-2037-0")
    page.keyboard.press("Escape")
    expect(page.locator(LISTBOX)).to_be_hidden()
    expect(field).to_be_focused()


def test_enter_picks_the_active_suggestion(walker: Walker) -> None:
    page = reach_details(walker)
    type_term(page, "hmon")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator('[id="c-2037-0"]')).to_be_checked()
    walker.press_button()
    assert walker.path == "/question/spoken-language"


def test_a_tap_on_a_suggestion_ticks_the_box_of_the_page(walker: Walker) -> None:
    page = reach_details(walker)
    type_term(page, "chinese")
    page.click('[id="s-2034-7"]')
    expect(page.locator('[id="c-2034-7"]')).to_be_checked()
    expect(page.locator('[id="c-2034-7"]')).to_be_focused()


def test_a_result_on_the_page_ticks_its_box_without_a_script(walker: Walker) -> None:
    page = reach_details(walker)
    page.fill("#search", "filipina")
    walker.press_button('button[name="find"]')
    walker.press_button('button[value="2036-2"]')
    expect(page.locator('[id="c-2036-2"]')).to_be_checked()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_results_and_suggestions_are_accessible(walker: Walker, language: str) -> None:
    page = reach_details(walker, language)
    page.fill("#search", "dominican")
    walker.press_button('button[name="find"]')
    assert find_axe_violations(page) == []
    assert find_small_targets(page) == []
    page.fill("#search", "")
    type_term(page, "indian")
    assert find_axe_violations(page) == []
    assert find_off_screen(page) == []
