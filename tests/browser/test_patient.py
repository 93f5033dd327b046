"""The patient's pages in a real browser: accessible, by keyboard, without script."""

import pytest
from playwright.sync_api import expect

from intake.answers import Answer, AnswerState
from intake.i18n import existing_tags
from intake.store.outbox.records import list_records
from tests.browser.checks import (
    ZOOMED,
    find_axe_violations,
    find_small_targets,
    ignore_lost_network,
    overflow_width,
)
from tests.browser.conftest import PHONE, TABLET, LiveSite, OpenPage
from tests.browser.walker import Walker
from tests.support.journeys import read_only_submission


def read_answers(live: LiveSite) -> dict[str, Answer]:
    """Return the answers of the one submission in the outbox."""
    return dict(read_only_submission(live.site).answers)


ANSWERS = {
    "race-ethnicity": Answer(
        AnswerState.ANSWERED, ("1002-5", "2028-9", "2118-8", "2037-0"), {"2118-8": "حلبي"}
    ),
    "tribal-affiliation": Answer(AnswerState.ANSWERED, ("170",), {"own-words": "Schaghticoke"}),
    "spoken-language": Answer(AnswerState.ANSWERED, ("quc",)),
    "written-language": Answer(AnswerState.ANSWERED, (), {"own-words": "Ñuu Savi"}),
    "interpreter": Answer(AnswerState.DECLINED),
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_axe_finds_no_violation_on_any_page(
    live: LiveSite, open_page: OpenPage, language: str, dark: bool
) -> None:
    live.site.expect_visit("1")
    page = open_page(dark=dark)
    walker = Walker(page, live.url)
    page.goto(live.url)
    assert find_axe_violations(page) == []
    walker.pair_tablet(live.site.create_pairing_code())
    for name in walker.walk_pages(language):
        assert find_axe_violations(page) == [], name
    assert read_answers(live) == ANSWERS


def test_no_page_has_cut_off_content_or_find_small_targets(
    live: LiveSite, open_page: OpenPage
) -> None:
    for size in (ZOOMED, PHONE, TABLET):
        live.site.expect_visit("1")
        walker = Walker(open_page(size), live.url)
        walker.pair_tablet(live.site.create_pairing_code())
        for name in walker.walk_pages():
            assert overflow_width(walker.page) <= 0, (name, size)
            assert find_small_targets(walker.page) == [], (name, size)
        with live.site.database.write() as tx:
            for record in list_records(tx):
                tx.connection.exec_driver_sql("DELETE FROM submissions WHERE id = ?", (record.id,))


@pytest.mark.parametrize("language", sorted({*existing_tags()} - {"en", "es", "ar"}))
def test_every_language_fits_the_smallest_screen(
    live: LiveSite, open_page: OpenPage, language: str
) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(ZOOMED), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    for name in walker.walk_pages(language):
        assert find_axe_violations(walker.page) == [], name
        assert overflow_width(walker.page) <= 0, name
        assert find_small_targets(walker.page) == [], name
    assert read_answers(live) == ANSWERS


def test_works_without_script(live: LiveSite, open_page: OpenPage) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(script=False), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    names = list(walker.walk_pages())
    assert names[-1] == "done"
    assert read_answers(live) == ANSWERS


def test_works_with_a_keyboard_alone(walker: Walker, live: LiveSite) -> None:
    page = walker.page

    def reach(selector: str) -> None:
        """Press Tab until the element has the focus; it must then be visible."""
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                box = page.locator(selector).bounding_box()
                assert box is not None
                return
        raise AssertionError(f"{selector} cannot be reached")

    def press(selector: str, key: str = "Enter") -> None:
        reach(selector)
        with page.expect_navigation():
            page.keyboard.press(key)

    press('button[value="en"]')
    reach("#month")
    page.keyboard.type("May")
    reach("#day")
    page.keyboard.type("17")
    reach("#year")
    page.keyboard.type("1980")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    press(".actions .go")
    reach("#c-self")
    page.keyboard.press("Space")
    press(".actions .go")
    reach('[id="c-2106-3"]')
    page.keyboard.press("Space")
    press(".actions .go")
    press(".actions .go")
    press('button[value="declined"]')
    press('button[value="unknown"]')
    press(".actions .go")
    assert walker.heading == "Check your answers"
    press(".actions .go")
    assert walker.heading == "Thank you"
    assert {key: answer.state for key, answer in read_answers(live).items()} == {
        "race-ethnicity": AnswerState.ANSWERED,
        "spoken-language": AnswerState.DECLINED,
        "written-language": AnswerState.UNKNOWN,
    }


def test_enter_in_a_write_in_continues_and_never_declines(walker: Walker, live: LiveSite) -> None:
    walker.reach_first_question()
    walker.tick_cards("2106-3")
    walker.page.fill("#own-words", "Sami")
    walker.press_enter("#own-words")
    walker.page.fill('[id="write-in-2106-3"]', "Sápmi")
    walker.press_enter('[id="write-in-2106-3"]')
    for question in ("spoken-language", "written-language"):
        assert walker.path == f"/question/{question}"
        walker.page.fill("#own-words", "Davvisámegiella")
        walker.press_enter("#own-words")
    walker.press_button()
    walker.press_button()
    stored = read_answers(live)
    assert stored["race-ethnicity"].write_ins == {"own-words": "Sami", "2106-3": "Sápmi"}
    assert [stored[key].write_ins for key in ("spoken-language", "written-language")] == [
        {"own-words": "Davvisámegiella"}
    ] * 2


def test_back_after_the_thank_you_shows_no_answer(walker: Walker) -> None:
    for _ in walker.walk_pages():
        pass
    for _ in range(6):
        walker.page.go_back()
        expect(walker.page.locator("h1")).to_have_count(1)
        text = walker.page.inner_text("main")
        assert not any(
            word in text for word in ("Asian", "حلبي", "Ñuu Savi", "K’iche’", "Check your answers")
        )


def test_a_double_tap_stores_one_submission(walker: Walker, live: LiveSite) -> None:
    walker.reach_first_question()
    for _ in range(4):
        walker.press_button()
    with walker.page.expect_navigation():
        walker.page.dblclick(".actions .go")
    expect(walker.page.locator("h1")).to_have_text("Thank you")
    with live.site.database.read() as tx:
        assert len(list_records(tx)) == 1


def test_an_idle_tablet_asks_counts_down_and_wipes(live: LiveSite, open_page: OpenPage) -> None:
    live.site.expect_visit("1")
    page = open_page()
    page.clock.install()
    walker = Walker(page, live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    walker.reach_first_question()
    walker.tick_cards("2028-9")
    page.clock.run_for(91_000)
    dialog = page.locator("#idle")
    expect(dialog).to_be_visible()
    assert find_axe_violations(page) == []
    page.click("[data-stay]")
    expect(dialog).to_be_hidden()
    expect(page.locator('[id="c-2028-9"]')).to_be_checked()
    page.clock.run_for(91_000)
    expect(dialog).to_be_visible()
    with page.expect_navigation():
        page.clock.run_for(21_000)
    assert walker.heading == "Choose a language"
    page.goto(f"{live.url}/question/race-ethnicity")
    assert walker.heading == "Choose a language"


def test_keeps_the_form_without_a_network(walker: Walker, open_page: OpenPage) -> None:
    walker.reach_first_question()
    walker.tick_cards("2028-9")
    walker.page.fill("#own-words", "Hmoob")
    walker.page.context.set_offline(True)
    walker.page.click(".actions .go")
    expect(walker.page.locator("#offline")).to_be_visible()
    assert walker.page.input_value("#own-words") == "Hmoob"
    # The form goes by itself once the network is back.
    with walker.page.expect_navigation():
        walker.page.context.set_offline(False)
    assert walker.path == "/question/race-ethnicity/details"
    ignore_lost_network(open_page)


def test_the_patient_can_hide_the_answers(walker: Walker) -> None:
    walker.reach_first_question()
    walker.page.click("[data-hide]")
    expect(walker.page.locator("#hidden")).to_be_visible()
    assert find_axe_violations(walker.page) == []
    walker.page.click("[data-show]")
    expect(walker.page.locator("#hidden")).to_be_hidden()


def test_help_offers_larger_text_and_stays_on_the_page(walker: Walker) -> None:
    walker.reach_first_question()
    walker.page.click(".help summary")
    assert find_axe_violations(walker.page) == []
    walker.press_button('button[name="size"][value="largest"]')
    assert walker.path == "/question/race-ethnicity"
    assert walker.page.get_attribute("html", "data-size") == "largest"
