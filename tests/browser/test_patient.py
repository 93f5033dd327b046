"""The patient's pages in a real browser: for everyone, with a keyboard, without a script, and without a trace."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, expect

from intake.answers import Answer, AnswerState
from intake.settings import load_settings
from intake.store.outbox import leases
from intake.store.outbox.submissions import list_records
from tests.browser.conftest import PHONE, TABLET, LiveSite, OpenPage
from tests.browser.walker import Walker

# Pages at 400 % on a screen of 1280 by 1024 are as wide as this.
ZOOMED = (320, 256)


def find_axe_violations(page: Page) -> list[str]:
    """What axe finds, each with the first element that it is found at."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found]


def answers(live: LiveSite) -> dict[str, Answer]:
    """What the one submission in the outbox says."""
    from datetime import timedelta

    with live.site.database.write() as tx:
        [claimed] = leases.acquire_leases(tx, "main", limit=9, lease=timedelta(minutes=1))
    return dict(claimed.submission.answers)


SAID = {
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
def test_axe_finds_nothing_on_any_page(
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
    assert answers(live) == SAID


def test_nothing_is_cut_off_or_too_small_on_any_page(live: LiveSite, open_page: OpenPage) -> None:
    for size in (ZOOMED, PHONE, TABLET):
        live.site.expect_visit("1")
        walker = Walker(open_page(size), live.url)
        walker.pair_tablet(live.site.create_pairing_code())
        for name in walker.walk_pages():
            wide = walker.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, (name, size)
            assert small_targets(walker.page) == [], (name, size)
        with live.site.database.write() as tx:
            for row in list_records(tx):
                tx.connection.exec_driver_sql("DELETE FROM submissions WHERE id = ?", (row.id,))


@pytest.mark.parametrize("language", sorted({*load_settings().languages} - {"en", "es", "ar"}))
def test_every_language_fits_the_smallest_screen(
    live: LiveSite, open_page: OpenPage, language: str
) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(ZOOMED), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    for name in walker.walk_pages(language):
        assert find_axe_violations(walker.page) == [], name
        wide = walker.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, name
        assert small_targets(walker.page) == [], name
    assert answers(live) == SAID


def small_targets(page: Page) -> list[str]:
    """Everything to tap that is less than 48 px high or wide and can be seen."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("a, button, summary, label.choice, .field input, select")]
            .filter(each => each.offsetParent && !each.classList.contains("unseen") && !each.classList.contains("skip"))
            .map(each => [each.getBoundingClientRect(), each])
            .filter(([box]) => box.height < 47.5 || box.width < 47.5)
            .map(([box, each]) => `${each.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)"""
    )
    return found


def test_without_a_script_everything_works(live: LiveSite, open_page: OpenPage) -> None:
    live.site.expect_visit("1")
    walker = Walker(open_page(script=False), live.url)
    walker.pair_tablet(live.site.create_pairing_code())
    names = list(walker.walk_pages())
    assert names[-1] == "done"
    assert answers(live) == SAID


def test_with_a_keyboard_alone(walker: Walker, live: LiveSite) -> None:
    page = walker.page

    def reach(selector: str) -> None:
        """Tab until the element has the focus, which then has to be seen."""
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
    assert {key: each.state for key, each in answers(live).items()} == {
        "race-ethnicity": AnswerState.ANSWERED,
        "spoken-language": AnswerState.DECLINED,
        "written-language": AnswerState.UNKNOWN,
    }


def test_enter_in_a_write_in_goes_on_and_never_declines(walker: Walker, live: LiveSite) -> None:
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
    said = answers(live)
    assert said["race-ethnicity"].write_ins == {"own-words": "Sami", "2106-3": "Sápmi"}
    assert [said[key].write_ins for key in ("spoken-language", "written-language")] == [
        {"own-words": "Davvisámegiella"}
    ] * 2


def test_back_after_done_shows_nothing_of_the_last_person(walker: Walker) -> None:
    for _ in walker.walk_pages():
        pass
    for _ in range(6):
        walker.page.go_back()
        expect(walker.page.locator("h1")).to_have_count(1)
        text = walker.page.inner_text("main")
        assert not any(
            word in text for word in ("Asian", "حلبي", "Ñuu Savi", "K’iche’", "Check your answers")
        )


def test_a_double_tap_sends_once(walker: Walker, live: LiveSite) -> None:
    walker.reach_first_question()
    for _ in range(4):
        walker.press_button()
    with walker.page.expect_navigation():
        walker.page.dblclick(".actions .go")
    expect(walker.page.locator("h1")).to_have_text("Thank you")
    with live.site.database.read() as tx:
        assert len(list_records(tx)) == 1


def test_a_tablet_left_alone_asks_counts_down_and_wipes(
    live: LiveSite, open_page: OpenPage
) -> None:
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


def test_without_a_network_what_was_typed_stays(walker: Walker, open_page: OpenPage) -> None:
    walker.reach_first_question()
    walker.tick_cards("2028-9")
    walker.page.fill("#own-words", "Hmoob")
    walker.page.context.set_offline(True)
    walker.page.click(".actions .go")
    expect(walker.page.locator("#offline")).to_be_visible()
    assert walker.page.input_value("#own-words") == "Hmoob"
    walker.page.context.set_offline(False)
    expect(walker.page.locator("#offline")).to_be_hidden()
    walker.press_button()
    assert walker.path == "/question/race-ethnicity/details"
    # Chromium itself says on the console that the network was gone.
    open_page.complaints = [
        each for each in open_page.complaints if "ERR_INTERNET_DISCONNECTED" not in each
    ]


def test_answers_can_be_hidden_from_a_look_over_the_shoulder(walker: Walker) -> None:
    walker.reach_first_question()
    walker.page.click("[data-hide]")
    expect(walker.page.locator("#hidden")).to_be_visible()
    assert find_axe_violations(walker.page) == []
    walker.page.click("[data-show]")
    expect(walker.page.locator("#hidden")).to_be_hidden()


def test_help_and_larger_text_are_there_and_keep_the_place(walker: Walker) -> None:
    walker.reach_first_question()
    walker.page.click(".help summary")
    assert find_axe_violations(walker.page) == []
    walker.press_button('button[name="size"][value="largest"]')
    assert walker.path == "/question/race-ethnicity"
    assert walker.page.get_attribute("html", "data-size") == "largest"


def test_the_first_page_is_light(live: LiveSite, open_page: OpenPage) -> None:
    page = open_page()
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))  # noqa: PLW0108  # Playwright wants a function of ours.
    page.goto(live.url)
    page.wait_for_load_state("networkidle")
    sizes = [request.sizes() for request in finished]
    assert len(sizes) >= 4
    assert (
        sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes) <= 30 * 1024
    )


def test_right_to_left_the_page_is_mirrored_and_other_scripts_are_isolated(walker: Walker) -> None:
    walker.reach_first_question("ar")
    page = walker.page
    assert page.get_attribute("html", "dir") == "rtl"
    box, words = (
        page.locator('[id="c-2028-9"]').bounding_box(),
        page.locator('[id="c-2028-9"] + span').bounding_box(),
    )
    assert box is not None
    assert words is not None
    assert box["x"] > words["x"] + words["width"] / 2
    back, over = (
        page.locator(".top a").first.bounding_box(),
        page.locator("#over button").bounding_box(),
    )
    assert back is not None
    assert over is not None
    assert over["x"] < back["x"]


def test_what_a_search_found_is_in_sight(walker: Walker) -> None:
    walker.reach_first_question()
    walker.tick_cards("2028-9", "2054-5", "2135-2", "2118-8")
    walker.press_button()
    walker.page.fill("#search", "hmong")
    walker.press_enter("#search")
    expect(walker.page.locator('[id="c-2037-0"] + span')).to_be_in_viewport()


def test_after_a_search_the_next_page_begins_at_its_top(walker: Walker) -> None:
    walker.reach_first_question()
    walker.press_button('button[value="declined"]')
    walker.page.fill("#search", "somali")
    walker.press_button('button[name="find"]')
    walker.tick_cards("so")
    walker.press_button()
    assert walker.path == "/question/written-language"
    assert walker.page.evaluate("window.scrollY") == 0
