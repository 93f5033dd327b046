"""Fills in forms as a staff member does, in a browser without scripts."""

from dataclasses import dataclass
from typing import Any

from tests.support.patients import PatientSession
from tests.support.sites import TestSite

PASSWORD = "correct horse battery"


@dataclass
class StaffSession(PatientSession):
    """One staff member with one browser."""

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Sign in on the sign-in page."""
        self.open_page("/staff/sign-in")
        self.send_form({"name": name, "password": password})

    @property
    def messages(self) -> list[str]:
        """The messages on the page: what was just done, or what is wrong."""
        return [str(node.to_text()).strip() for node in self.document.query(".told, .fault p")]

    @property
    def navigation_links(self) -> list[str]:
        """The pages that the navigation names."""
        return [str(node.to_text()) for node in self.document.query("header nav a")]

    def table_rows(self) -> list[list[str]]:
        """Return the cells of the page's first table, row by row."""
        return [
            [" ".join(str(cell.to_text()).split()) for cell in row.query("th, td")]
            for row in self.document.query("table")[0].query("tbody tr")
        ]

    def fact_list(self) -> dict[str, str]:
        """Return the page's lists of facts."""
        names, values = self.document.query("dt"), self.document.query("dd")
        return {
            str(name.to_text()): str(value.to_text()).strip()
            for name, value in zip(names, values, strict=True)
        }

    def find_form(self, form_name: str | None) -> Any:
        return super().find_form(form_name) if form_name else self.document.query("main form")[0]


def sign_in_staff(
    site: TestSite, *roles: str, name: str = "ana", base_url: str = "http://localhost"
) -> StaffSession:
    """Return a new staff member with those roles who is signed in."""
    site.add_user(name, *roles)
    session = StaffSession(site, base_url)
    session.sign_in(name)
    return session
