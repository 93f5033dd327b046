"""A member of staff at the pages: signs in, fills in forms and presses buttons, as a browser without a script would."""

from dataclasses import dataclass
from typing import Any

from tests.patients import Person
from tests.sites import TestSite

PASSWORD = "correct horse battery"


@dataclass
class Member(Person):
    """One member of staff with one browser."""

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Sign in on the page that asks for it."""
        self.get("/staff/sign-in")
        self.send({"name": name, "password": password})

    @property
    def told(self) -> list[str]:
        """What the page says was just done, or is wrong."""
        return [str(node.to_text()).strip() for node in self.document.query(".told, .fault p")]

    @property
    def pages(self) -> list[str]:
        """The pages that the navigation names."""
        return [str(node.to_text()) for node in self.document.query("header nav a")]

    def rows(self) -> list[list[str]]:
        """The cells of the page's first table, row by row."""
        return [
            [" ".join(str(cell.to_text()).split()) for cell in row.query("th, td")]
            for row in self.document.query("table")[0].query("tbody tr")
        ]

    def facts(self) -> dict[str, str]:
        """What the page's lists of facts say."""
        names, values = self.document.query("dt"), self.document.query("dd")
        return {
            str(name.to_text()): str(value.to_text()).strip()
            for name, value in zip(names, values, strict=True)
        }

    def _form(self, wanted: str | None) -> Any:
        return super()._form(wanted) if wanted else self.document.query("main form")[0]


def member(
    site: TestSite, *roles: str, name: str = "ana", base_url: str = "http://localhost"
) -> Member:
    """Someone with those roles who has just signed in."""
    site.user(name, *roles)
    found = Member(site, base_url)
    found.sign_in(name)
    return found
