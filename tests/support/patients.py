"""A patient at the pages: fills in the form that a page shows and sends it, as a browser without a script would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from justhtml import JustHTML
from werkzeug.test import TestResponse

from tests.support.sites import TestSite
from tests.support.strict_pages import StrictClient, node_attributes

Given = Mapping[str, str | Sequence[str]]


@dataclass
class PatientSession:
    """One person with one browser; `page` is what they see."""

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
        """Where they are."""
        return self.page.request.path

    @property
    def document(self) -> JustHTML:
        """The page, parsed."""
        return JustHTML(self.page.text, sanitize=False, scripting_enabled=False)

    @property
    def heading(self) -> str:
        """The page's heading."""
        return str(self.document.query("h1")[0].to_text()).strip()

    def send_form(
        self, given: Given | None = None, form: str | None = None, keep: bool = True
    ) -> TestResponse:
        """Send the page's form (`form` is its action's or id's end) with what it holds, changed by `given`."""
        found = self._form(form)
        values = self._held(found) if keep else self._held(found, ("hidden",))
        values |= {
            key: [value] if isinstance(value, str) else list(value)
            for key, value in (given or {}).items()
        }
        action = str(node_attributes(found).get("action") or self.path)
        headers = (
            {"Referer": f"{self.base_url}{self.path}"} if self.base_url.startswith("https") else {}
        )
        self.page = self.client.post(
            action, data=values, base_url=self.base_url, headers=headers, follow_redirects=True
        )
        return self.page

    def _form(self, wanted: str | None) -> Any:
        forms = [each for each in self.document.query("form") if self._is(each, wanted)]
        assert forms, f"{self.path} has no form {wanted}"
        return forms[0]

    def _is(self, form: Any, wanted: str | None) -> bool:
        held = node_attributes(form)
        if wanted is None:
            return str(held.get("id") or "") == "q" or not (
                held.get("id") or str(held.get("action")).endswith("/look")
            )
        return (
            str(held.get("action") or "").endswith(wanted) or held.get("aria-labelledby") == wanted
        )

    def _held(self, form: Any, kinds: tuple[str, ...] = ()) -> dict[str, list[str]]:
        values: dict[str, list[str]] = {}
        for node in form.query("input"):
            held = node_attributes(node)
            kind, name = held.get("type") or "text", str(held.get("name"))
            if kinds and kind not in kinds:
                continue
            if kind not in ("checkbox", "radio") or "checked" in held:
                values.setdefault(name, []).append(str(held.get("value") or ""))
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
        """Give the date of birth."""
        self.send_form(
            {"day": str(day), "month": str(month), "year": str(year), **more}, form="by-date"
        )

    def reach_first_question(self, informant: str = "self", language: str = "en") -> None:
        """Come to the first question on a tablet; the visit must be expected, of someone born on 17 May 1980."""
        self.pair_tablet()
        self.choose_language(language)
        self.give_birth_date(17, 5, 1980)
        self.send_form()
        self.send_form({"informant": informant})
