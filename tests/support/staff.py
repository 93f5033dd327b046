"""A member of staff at the pages: signs in, fills in forms and presses buttons, as a browser without a script would."""

from dataclasses import dataclass
from typing import Any

from tests.support.patients import PatientSession
from tests.support.sites import TestSite

PASSWORD = "correct horse battery"


@dataclass
class StaffSession(PatientSession):
    """One member of staff with one browser."""

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Sign in on the page that asks for it."""
        self.open_page("/staff/sign-in")
        self.send_form({"name": name, "password": password})

    @property
    def messages(self) -> list[str]:
        """What the page says was just done, or is wrong."""
        return [str(node.to_text()).strip() for node in self.document.query(".told, .fault p")]

    @property
    def navigation_links(self) -> list[str]:
        """The pages that the navigation names."""
        return [str(node.to_text()) for node in self.document.query("header nav a")]

    def table_rows(self) -> list[list[str]]:
        """The cells of the page's first table, row by row."""
        return [
            [" ".join(str(cell.to_text()).split()) for cell in row.query("th, td")]
            for row in self.document.query("table")[0].query("tbody tr")
        ]

    def fact_list(self) -> dict[str, str]:
        """What the page's lists of facts say."""
        names, values = self.document.query("dt"), self.document.query("dd")
        return {
            str(name.to_text()): str(value.to_text()).strip()
            for name, value in zip(names, values, strict=True)
        }

    def _form(self, wanted: str | None) -> Any:
        return super()._form(wanted) if wanted else self.document.query("main form")[0]


def sign_in_staff(
    site: TestSite, *roles: str, name: str = "ana", base_url: str = "http://localhost"
) -> StaffSession:
    """Someone with those roles who has just signed in."""
    site.add_user(name, *roles)
    found = StaffSession(site, base_url)
    found.sign_in(name)
    return found
