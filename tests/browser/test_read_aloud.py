"""Reading aloud in a real browser, with a voice of the page's language or not at all."""

from playwright.sync_api import expect

from tests.browser.walker import Walker

# A test cannot install voices in a browser, so it replaces the whole speech interface.
DEVICE = """
window.device = [];
Object.defineProperty(window, "speechSynthesis", { value: Object.assign(new EventTarget(), {
  getVoices: () => window.device.map(lang => ({ lang, localService: true })),
  speak: utterance => { window.spoken = utterance.voice.lang; },
  cancel: () => { window.spoken = null; },
}) });
window.SpeechSynthesisUtterance = class {};
"""
EXPECTED_VOICES: dict[str, list[tuple[list[str], str | None]]] = {
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
"""By the page's language: the voices of a device, and the voice that must read the page."""


def test_reads_aloud_with_a_voice_of_the_pages_language(walker: Walker) -> None:
    page = walker.page
    page.add_init_script(DEVICE)
    button = page.locator("[data-read]")
    for language, cases in EXPECTED_VOICES.items():
        page.goto(walker.url)
        walker.press_button(f'button[value="{language}"]')
        walker.give_birth_date()
        for voices, expected in cases:
            page.evaluate(
                "voices => { device = voices;"
                " speechSynthesis.dispatchEvent(new Event('voiceschanged')); }",
                voices,
            )
            expect(button).to_be_visible(visible=expected is not None)
            if expected is not None:
                button.click()
                assert page.evaluate("spoken") == expected, (language, voices)
