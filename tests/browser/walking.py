"""A person who walks through the pages in a browser, page by page."""

from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

GO = ".actions .go"


@dataclass
class Walker:
    """One person at one browser page."""

    page: Page
    url: str

    def go(self, selector: str = GO) -> None:
        """Press a button and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def enter(self, selector: str) -> None:
        """Press Enter in a field and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.press(selector, "Enter")

    def tick(self, *values: str) -> None:
        """Tap the cards of those values."""
        for value in values:
            self.page.click(f'[id="c-{value}"] + span')

    @property
    def path(self) -> str:
        """Where they are."""
        return self.page.url.removeprefix(self.url)

    @property
    def heading(self) -> str:
        """The page's heading."""
        return self.page.inner_text("h1").strip()

    def pair(self, code: str) -> None:
        """Make the browser a tablet."""
        self.page.goto(f"{self.url}/pair?code={code}")
        self.go("main .go")

    def find(self, day: int = 17, month: int = 5, year: int = 1980) -> None:
        """Give a date of birth."""
        self.page.fill("#day", str(day))
        self.page.select_option("#month", str(month))
        self.page.fill("#year", str(year))
        self.go('form[aria-labelledby="by-date"] .go')

    def arrive(self, language: str = "en") -> None:
        """Come to the first question."""
        self.go(f'button[value="{language}"]')
        self.find()
        self.go()
        self.tick("self")
        self.go()

    def walk(self, language: str = "en") -> Iterator[str]:
        """Walk from the languages to the thank-you and yield the name of each page on the way, faults included."""
        yield "languages"
        self.go(f'button[value="{language}"]')
        yield "find"
        self.find(year=1981)
        yield "find-missed"
        self.find()
        yield "why"
        self.go()
        yield "who"
        self.go()
        yield "who-missing"
        self.tick("self")
        self.go()
        yield "question"
        self.tick("2028-9", "2118-8", "1002-5")
        self.go('button[value="declined"]')
        yield "both"
        self.go()
        yield "details"
        self.page.fill('[id="write-in-2118-8"]', "حلبي")
        self.page.fill("#search", "hmong")
        self.enter("#search")
        yield "details-found"
        self.tick("2037-0")
        self.go()
        yield "tribes"
        self.page.fill("#search", "diné")
        self.enter("#search")
        yield "tribes-found"
        self.tick("170")
        self.page.fill("#own-words", "Schaghticoke")
        self.enter("#own-words")
        yield "spoken"
        self.page.fill("#search", "quiche")
        self.go('button[name="find"]')
        yield "spoken-found"
        self.tick("quc")
        self.go()
        yield "written"
        self.page.fill("#own-words", "Ñuu Savi")
        self.enter("#own-words")
        yield "interpreter"
        self.go('button[value="declined"]')
        yield "check"
        self.go()
        yield "done"
