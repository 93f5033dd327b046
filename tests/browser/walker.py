"""A patient who walks through the pages in a browser, page by page."""

from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

GO = ".actions .go"


@dataclass
class Walker:
    """One patient at one browser page."""

    page: Page
    url: str

    def press_button(self, selector: str = GO) -> None:
        """Press a button and wait for the next page."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def press_enter(self, selector: str) -> None:
        """Press Enter in a field and wait for the next page."""
        with self.page.expect_navigation():
            self.page.press(selector, "Enter")

    def tick_cards(self, *values: str) -> None:
        """Tap the cards with these values."""
        for value in values:
            self.page.click(f'[id="c-{value}"] + span')

    @property
    def path(self) -> str:
        """The path of the page."""
        return self.page.url.removeprefix(self.url)

    @property
    def heading(self) -> str:
        """The page's heading."""
        return self.page.inner_text("h1").strip()

    def pair_tablet(self, code: str) -> None:
        """Pair the browser as a tablet."""
        self.page.goto(f"{self.url}/pair?code={code}")
        self.press_button("main .go")

    def give_birth_date(self, day: int = 17, month: int = 5, year: int = 1980) -> None:
        """Give a date of birth."""
        self.page.fill("#day", str(day))
        self.page.select_option("#month", str(month))
        self.page.fill("#year", str(year))
        self.press_button('form[aria-labelledby="by-date"] .go')

    def reach_first_question(self, language: str = "en") -> None:
        """Go from the languages to the first question."""
        self.press_button(f'button[value="{language}"]')
        self.give_birth_date()
        self.press_button()
        self.tick_cards("self")
        self.press_button()

    def walk_pages(self, language: str = "en") -> Iterator[str]:
        """Walk from the languages to the thank-you and yield the name of each page.

        The pages include those with a fault.
        """
        yield "languages"
        self.press_button(f'button[value="{language}"]')
        yield "find"
        self.give_birth_date(year=1981)
        yield "find-missed"
        self.give_birth_date()
        yield "why"
        self.press_button()
        yield "who"
        self.press_button()
        yield "who-missing"
        self.tick_cards("self")
        self.press_button()
        yield "question"
        self.tick_cards("2028-9", "2118-8", "1002-5")
        self.press_button('button[value="declined"]')
        yield "both"
        self.press_button()
        yield "details"
        self.page.fill('[id="write-in-2118-8"]', "حلبي")
        self.page.fill("#search", "hmong")
        self.press_enter("#search")
        yield "details-found"
        self.tick_cards("2037-0")
        self.press_button()
        yield "tribes"
        self.page.fill("#search", "diné")
        self.press_enter("#search")
        yield "tribes-found"
        self.tick_cards("170")
        self.page.fill("#own-words", "Schaghticoke")
        self.press_enter("#own-words")
        yield "spoken"
        self.page.fill("#search", "quiche")
        self.press_button('button[name="find"]')
        yield "spoken-found"
        self.tick_cards("quc")
        self.press_button()
        yield "written"
        self.page.fill("#own-words", "Ñuu Savi")
        self.press_enter("#own-words")
        yield "interpreter"
        self.press_button('button[value="declined"]')
        yield "check"
        self.press_button()
        yield "done"
