"""Screen readers: where the focus goes after each form, and which field an error belongs to."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.walker import Walker

_FOCUS = "document.activeElement.id || document.activeElement.className"
# A test cannot install voices in a browser, so it replaces the whole speech interface.
DEVICE = """
window.spoken = [];
Object.defineProperty(window, "speechSynthesis", { value: Object.assign(new EventTarget(), {
  getVoices: () => ["en-US", "es-US"].map(lang => ({ lang, localService: true })),
  speak: utterance => { window.spoken.push([utterance.voice.lang, utterance.text]); },
  cancel: () => {},
}) });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


def describing_texts(page: Page, selector: str) -> str:
    """Return the texts that describe a field, as a screen reader reads them."""
    ids = page.get_attribute(selector, "aria-describedby") or ""
    return " ".join(page.inner_text(f"#{name}") for name in ids.split())


@pytest.mark.parametrize("term", ["cantonese", "no such language"])
def test_a_search_moves_the_focus_to_its_results(walker: Walker, term: str) -> None:
    walker.reach_first_question()
    walker.press_button()
    walker.page.fill("#search", term)
    walker.press_button('button[name="find"]')
    assert walker.page.evaluate(_FOCUS) == "found"
    assert walker.page.inner_text("#found")


def test_a_missing_name_is_tied_to_its_field(walker: Walker) -> None:
    walker.reach_first_question()
    walker.press_button()
    walker.tick_cards("own-words")
    walker.press_button()
    assert walker.page.evaluate(_FOCUS) == "fault"
    assert walker.page.get_attribute("#own-words", "aria-invalid") == "true"
    assert "Please write the name" in describing_texts(walker.page, "#own-words")


def test_a_missing_informant_is_tied_to_the_choices(walker: Walker) -> None:
    walker.press_button('button[value="en"]')
    walker.give_birth_date()
    walker.press_button()
    walker.press_button()
    assert walker.page.evaluate(_FOCUS) == "fault"
    assert "Please choose who" in describing_texts(walker.page, "main fieldset")


def test_two_answers_at_once_are_no_red_error(walker: Walker) -> None:
    walker.reach_first_question()
    walker.tick_cards("2028-9")
    walker.press_button('button[value="declined"]')
    colors = "box => [getComputedStyle(box).borderTopColor, getComputedStyle(box).backgroundColor]"
    border, ground = walker.page.locator("#fault").evaluate(colors)
    assert (border, ground) == ("rgb(10, 79, 77)", "rgb(227, 240, 238)")
    assert "Please check" not in walker.page.title()
    expect(walker.page.locator("[aria-invalid]")).to_have_count(0)


def test_reads_labels_and_buttons_aloud(walker: Walker) -> None:
    page = walker.page
    page.add_init_script(DEVICE)
    page.goto(walker.url)
    page.click("[data-read]")
    spoken = page.evaluate("spoken")
    assert ["en-US", "Choose a language"] in spoken
    # Each language is read in its own voice, or not at all.
    assert ["es-US", "Español"] in spoken
    assert not any("Русский" in text for _, text in spoken)
    walker.press_button('button[value="en"]')
    page.click("[data-read]")
    texts = [text for _, text in page.evaluate("spoken")]
    assert {"Find your visit", "Code", "Day", "Month", "Year", "Continue"} <= set(texts)
    walker.give_birth_date()
    walker.press_button()
    walker.tick_cards("self")
    walker.press_button()
    page.click("[data-read]")
    texts = [text for _, text in page.evaluate("spoken")]
    assert {"Continue", "I’d rather not say", "I don’t know"} <= set(texts)
    assert texts.count("Continue") == 1
    assert any(text.startswith("Asian") for text in texts)
