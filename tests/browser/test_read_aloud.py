"""Reading aloud in a real browser, with the voices that devices have: in the page's language, or not at all."""

from playwright.sync_api import expect

from tests.browser.walker import Walker

# Voices cannot be made from outside of a browser, and what speaks them takes no others: so all three are the test's.
DEVICE = """
window.device = [];
Object.defineProperty(window, "speechSynthesis", { value: Object.assign(new EventTarget(), {
  getVoices: () => window.device.map(lang => ({ lang, localService: true })),
  speak: said => { window.spoken = said.voice.lang; },
  cancel: () => { window.spoken = null; },
}) });
window.SpeechSynthesisUtterance = class {};
"""
HEARD: dict[str, list[tuple[list[str], str | None]]] = {
    "en": [
        (["", "not a tag", "en-GB", "en_US"], "en_US"),
        (["en-GB"], "en-GB"),
        (["", "not a tag", "de-DE"], None),
    ],
    "es": [
        (["es-MX", "es-ES", "es-US"], "es-US"),
        (["es-MX", "es-ES"], "es-ES"),
        (["es-MX"], "es-MX"),
    ],
    "zh-Hans": [
        (["yue-HK", "zh-HK", "zh-TW", "zh_CN"], "zh_CN"),
        (["cmn-CN"], "cmn-CN"),
        (["yue-HK", "zh-HK"], None),
    ],
    "zh-Hant": [(["zh-CN", "yue-HK", "zh-HK", "zh-TW"], "zh-TW"), (["yue-HK", "zh-CN"], None)],
    "tl": [(["fil-PH"], "fil-PH"), (["tl-PH"], "tl-PH")],
    "pt-BR": [(["pt-PT", "pt-BR"], "pt-BR"), (["pt-PT"], "pt-PT")],
}
"""By the page's language: what voices a device has, and the one that is heard."""


def test_the_voice_is_of_the_pages_language_and_script(walker: Walker) -> None:
    page = walker.page
    page.add_init_script(DEVICE)
    button = page.locator("[data-read]")
    for language, cases in HEARD.items():
        page.goto(walker.url)
        walker.press_button(f'button[value="{language}"]')
        walker.give_birth_date()
        for voices, heard in cases:
            page.evaluate(
                "voices => { device = voices; speechSynthesis.dispatchEvent(new Event('voiceschanged')); }",
                voices,
            )
            expect(button).to_be_visible(visible=heard is not None)
            if heard is not None:
                button.click()
                assert page.evaluate("spoken") == heard, (language, voices)
