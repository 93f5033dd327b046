"""Parses and checks every page that any test gets, as a strict HTML parser would."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from flask.testing import FlaskClient
from justhtml import JustHTML
from werkzeug.test import TestResponse

DIRECTIONS = {"ar": "rtl", "fa": "rtl", "ur": "rtl", "ps": "rtl", "prs": "rtl"}
LABELLED = ("text", "password", "number", "date", "tel", "search", "email", "checkbox", "radio")
Node = Any


class StrictClient(FlaskClient):
    """A client that fails on faults of a page that a browser would forgive."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send the request, check the page, return the response."""
        response = super().open(*args, **kwargs)
        is_page = response.mimetype == "text/html" and response.status_code not in range(300, 400)
        if is_page and response.request.method != "HEAD":
            faults = list(page_faults(response.text))
            assert not faults, f"{response.request.path}: " + "; ".join(faults)
            assert response.headers["Cache-Control"] == "no-store"
            assert "'unsafe-inline'" not in response.headers["Content-Security-Policy"]
        return response


def page_faults(text: str) -> Iterator[str]:
    """Yield a sentence for each fault of a page."""
    page = JustHTML(text, strict=True, sanitize=False, scripting_enabled=False)
    yield from _frame(page)
    yield from _ids(page)
    yield from _nothing_inline(page)
    yield from _named(page)
    for form in page.query("form"):
        yield from _form(form)


def node_attributes(node: Node) -> dict[str, str | None]:
    """Return the attributes of a node; the parser leaves None if there are none."""
    return node.attrs or {}


def _frame(page: JustHTML) -> Iterator[str]:
    root, headings, titles = page.query_one("html"), page.query("h1"), page.query("title")
    language = node_attributes(root).get("lang") or ""
    if node_attributes(root).get("dir") != DIRECTIONS.get(language, "ltr"):
        yield f"dir does not fit lang={language}"
    if len(titles) != 1 or not titles[0].to_text().strip():
        yield "exactly one title, and not an empty one"
    if len(headings) != 1 or not headings[0].to_text().strip():
        yield f"{len(headings)} h1"
    if len(page.query("main")) != 1:
        yield "exactly one main"
    if "{{" in page.to_text() or "%(" in page.to_text():
        yield "a placeholder was left unfilled"


def _ids(page: JustHTML) -> Iterator[str]:
    counted = Counter(str(node_attributes(node)["id"]) for node in page.query("[id]"))
    yield from (f"id {name} stands {times} times" for name, times in counted.items() if times > 1)
    for kind in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
        for node in page.query(f"[{kind}]"):
            yield from (
                f"{kind}={name} names nothing"
                for name in str(node_attributes(node)[kind]).split()
                if name not in counted
            )


def _nothing_inline(page: JustHTML) -> Iterator[str]:
    if page.query("style") or page.query("[style]"):
        yield "inline style, which the policy forbids"
    yield from (
        "inline script, which the policy forbids"
        for node in page.query("script")
        if not node_attributes(node).get("src")
    )
    for node in page.query("*"):
        yield from (
            f"inline handler {name}" for name in node_attributes(node) if name.startswith("on")
        )


def _named(page: JustHTML) -> Iterator[str]:
    for field in page.query("input, select, textarea"):
        kind = node_attributes(field).get("type") or "text"
        if (field.name != "input" or kind in LABELLED) and not _label(page, field):
            yield f"{field.name} {node_attributes(field).get('name')} has no label"
    for node in page.query("button, a, summary, legend, th, caption"):
        if (
            not node.to_text().strip()
            and not node_attributes(node).get("aria-label")
            and node.name != "th"
        ):
            yield f"an empty {node.name}"
    yield from (
        "an image without alt" for image in page.query("img") if "alt" not in node_attributes(image)
    )


def _label(page: JustHTML, field: Node) -> bool:
    attributes = node_attributes(field)
    if attributes.get("aria-label") or attributes.get("aria-labelledby"):
        return True
    if any(
        node_attributes(label).get("for") == attributes.get("id")
        for label in page.query("label[for]")
    ):
        return True
    parent = field.parent
    while parent is not None and parent.name != "label":
        parent = parent.parent
    return parent is not None


def _form(form: Node) -> Iterator[str]:
    attributes = node_attributes(form)
    action = str(attributes.get("action") or "")
    if "//" in action:
        yield f"a form that goes elsewhere: {action}"
    if str(attributes.get("method") or "get").lower() != "post":
        return
    if not any(node_attributes(field).get("name") == "csrf_token" for field in form.query("input")):
        yield f"the form to {action} has no CSRF token"
