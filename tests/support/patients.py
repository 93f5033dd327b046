"""Fills in and sends forms as a patient does, in a browser without scripts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from justhtml import JustHTML
from werkzeug.test import TestResponse

from tests.support.sites import TestSite
from tests.support.strict_pages import StrictClient, node_attributes

FormInput = Mapping[str, str | Sequence[str]]
RANDOM_TOKEN = re.compile(r"[\w.-]{20,}")


@dataclass
class PatientSession:
    """One patient with one browser; `page` is what the patient sees."""

    site: TestSite
    base_url: str = "http://localhost"
    client: StrictClient = field(init=False)
    page: TestResponse = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.site.open_client()

    def open_page(self, path: str) -> TestResponse:
        """Open a page."""
        self.page = self.client.get(path, base_url=self.base_url, follow_redirects=True)
        return self.page

    @property
    def path(self) -> str:
        """The path of the page."""
        return self.page.request.path

    @property
    def words(self) -> str:
        """The page without its random tokens, in which a short word can stand by chance."""
        return RANDOM_TOKEN.sub("", self.page.text)

    @property
    def document(self) -> JustHTML:
        """The page, parsed."""
        return JustHTML(self.page.text, sanitize=False, scripting_enabled=False)

    @property
    def heading(self) -> str:
        """The page's heading."""
        return str(self.document.query("h1")[0].to_text()).strip()

    def send_form(
        self, given: FormInput | None = None, form: str | None = None, keep: bool = True
    ) -> TestResponse:
        """Send a form with the values that it holds, changed by `given`.

        `form` is the end of the form's action, or the id that labels it.
        """
        chosen = self.find_form(form)
        values = self.form_values(chosen) if keep else self.form_values(chosen, ("hidden",))
        values |= {
            key: [value] if isinstance(value, str) else list(value)
            for key, value in (given or {}).items()
        }
        action = str(node_attributes(chosen).get("action") or self.path)
        # Some browsers leave out the Referer; none leaves out the Origin of a form.
        headers = {"Origin": self.base_url}
        self.page = self.client.post(
            action, data=values, base_url=self.base_url, headers=headers, follow_redirects=True
        )
        return self.page

    def find_form(self, form_name: str | None) -> Any:
        forms = [
            candidate
            for candidate in self.document.query("form")
            if self.is_form(candidate, form_name)
        ]
        assert forms, f"{self.path} has no form {form_name}"
        return forms[0]

    def is_form(self, form: Any, form_name: str | None) -> bool:
        attributes = node_attributes(form)
        if form_name is None:
            return str(attributes.get("id") or "") == "q" or not (
                attributes.get("id") or str(attributes.get("action")).endswith("/look")
            )
        return (
            str(attributes.get("action") or "").endswith(form_name)
            or attributes.get("aria-labelledby") == form_name
        )

    def form_values(self, form: Any, kinds: tuple[str, ...] = ()) -> dict[str, list[str]]:
        values: dict[str, list[str]] = {}
        for node in form.query("input"):
            attributes = node_attributes(node)
            kind, name = attributes.get("type") or "text", str(attributes.get("name"))
            if kinds and kind not in kinds:
                continue
            if kind not in ("checkbox", "radio") or "checked" in attributes:
                values.setdefault(name, []).append(str(attributes.get("value") or ""))
        return values

    def pair_tablet(self, clinic: str = "riverside") -> None:
        """Make the browser a tablet of the clinic."""
        self.open_page(f"/pair?code={self.site.create_pairing_code(clinic)}")
        self.send_form()

    def choose_language(self, language: str) -> None:
        """Choose the language of the pages."""
        self.open_page("/")
        self.send_form({"language": language}, form="/language")

    def give_birth_date(self, day: int, month: int, year: int, **more: str) -> None:
        """Enter the date of birth."""
        self.send_form(
            {"day": str(day), "month": str(month), "year": str(year), **more}, form="by-date"
        )

    def reach_first_question(self, informant: str = "self", language: str = "en") -> None:
        """Go to the first question on a tablet.

        The test has to expect a visit of a patient born on 17 May 1980.
        """
        self.pair_tablet()
        self.choose_language(language)
        self.give_birth_date(17, 5, 1980)
        self.send_form()
        self.send_form({"informant": informant})
