"""Calm error pages: plain words and a next step; details only in the log."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from intake import i18n
from intake.pages import language, moments, renderer
from intake.pages.form_origin import FOREIGN_ORIGIN
from intake.pages.sessions import is_staff_request
from intake.store.crypto import KeyNotOnDiskError
from intake.store.database import UNAVAILABLE_ERRORS

PageResponse = str | Response | tuple[str, int]
"""The result of a view: a page, a response such as a redirect, or a page with its status."""

EXTENSION_KEY = "intake-rooms"

log = logging.getLogger("intake.pages")


def N_(message: str) -> str:  # noqa: N802  # gettext tools know this name for marked messages.
    """Mark a message for translation where it is shown."""
    return message


# The key is a status or a reason; the value is the title and the text. A patient at home reads
# them as well, so none of them leads to the front desk: Help names the place to ask.
PATIENT_WORDS: Mapping[str | int, tuple[str, str]] = {
    "expired": (
        N_("Please start again"),
        N_("This page was open for a while, so we cleared it to keep it private."),
    ),
    "cleared": (
        N_("Please start again"),
        N_(
            "This page was no longer in use, so we cleared it to keep it private. Nothing was sent."
        ),
    ),
    "foreign": (
        N_("Please start again"),
        N_("We could not tell if this form came from our page, so we did not take it."),
    ),
    404: (N_("There is no such page"), N_("Please start again.")),
    405: (N_("Please start again"), N_("This page cannot be opened this way.")),
    413: (N_("That was too long"), N_("Please go back and write a little less.")),
    429: (
        N_("Please wait a moment"),
        N_("Too many tries. Please wait a few minutes."),
    ),
    500: (
        N_("Something went wrong on our side"),
        N_("Your visit goes on as planned. Please tell us about it at the clinic."),
    ),
}


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """The error pages of the patients' or of the staff's rooms.

    `template` shows `title` and `text` with the values that `prepare` returns; `prepare` also
    chooses the language. `home` is the next step's address if the frame itself fails. `words` has
    at least the entries for 404, 500 and `expired`. `moment_template` asks the reader to wait, and
    sends the form again; without one, the words for 500 appear instead.
    """

    template: str
    prepare: Callable[[], Mapping[str, Any]]
    home: str
    words: Mapping[str | int, tuple[str, str]]
    moment_template: str = ""


def register_frame(app: Flask, frame: ErrorFrame, *, staff: bool = False) -> None:
    """Use this frame for errors under the patients' addresses, or under the staff's."""
    app.extensions.setdefault(EXTENSION_KEY, {})[staff] = frame


def error_page(reason: str | int, status: int) -> tuple[str, int]:
    """Return the calm page for `reason`, a status or a word such as `expired`, with `status`."""
    frame: ErrorFrame = current_app.extensions[EXTENSION_KEY][is_staff_request()]
    title, text = frame.words.get(reason, frame.words[404 if status < 500 else 500])
    try:
        values = frame.prepare()
        body = renderer.render_page(
            frame.template, title=_translate(title), text=_translate(text), **values
        )
    except Exception as error:
        if current_app.testing:
            raise
        # The frame reads the database, and the database may be down; these words need nothing.
        log.warning(
            "an error page without its frame: %s", type(error).__name__, extra={"event": "fault"}
        )
        body = _render_alone(frame, title, text)
    return body, status


def _render_alone(frame: ErrorFrame, title: str, text: str) -> str:
    return renderer.render_standalone(
        "pages/error.html", title=_translate(title), text=_translate(text), onward=frame.home
    )


def _translate(message: str) -> str:
    return i18n.load_translator(language.current_locale().tag).gettext(message)


def _handle_csrf_error(error: CSRFError) -> tuple[str, int]:
    if is_staff_request():
        return error_page("expired", 400)
    # A tablet or phone keeps its own cookie when the session is wiped. A browser without any cookie
    # never had a session, so nothing was cleared.
    is_cleared = error.description != FOREIGN_ORIGIN and bool(request.cookies)
    return error_page("cleared" if is_cleared else "foreign", 400)


def _handle_http_error(error: HTTPException) -> tuple[str, int] | HTTPException:
    # A redirect is an HTTPException, too.
    if error.code is None or error.code < 400:
        return error
    return error_page(error.code, error.code)


def _handle_unavailable_database(error: Exception) -> tuple[str, int, Mapping[str, str]]:
    log.warning(
        "the database is unavailable in %s: %s",
        request.endpoint,
        type(error).__name__,
        extra={"event": "database-unavailable"},
    )
    return _moment_page()


def _handle_missing_key(error: KeyNotOnDiskError) -> tuple[str, int, Mapping[str, str]]:
    # The sentence names the file and no key.
    log.error("nothing can be stored: %s", error, extra={"event": "key-not-on-disk"})
    return _moment_page()


def _moment_page() -> tuple[str, int, Mapping[str, str]]:
    """Return the page of a fault that passes: it keeps the form and sends it again."""
    frame: ErrorFrame = current_app.extensions[EXTENSION_KEY][is_staff_request()]
    headers = {"Retry-After": str(moments.SECONDS)}
    # The frame reads the database, so the patient would wait for a locked one a second time.
    if not frame.moment_template:
        return _render_alone(frame, *frame.words[500]), 503, headers
    return (
        renderer.render_standalone(frame.moment_template, **moments.moment_values()),
        503,
        headers,
    )


def _handle_unforeseen_error(error: Exception) -> tuple[str, int]:
    if current_app.testing:
        raise error
    # The error's own text could quote a patient's answer, so the log has its type and place only.
    log.error(
        "unforeseen fault in %s: %s",
        request.endpoint,
        type(error).__name__,
        extra={"event": "fault"},
    )
    return error_page(500, 500)


def init_app(app: Flask) -> None:
    """Show these pages instead of Flask's own."""
    app.register_error_handler(CSRFError, _handle_csrf_error)
    app.register_error_handler(HTTPException, _handle_http_error)
    for unavailable in UNAVAILABLE_ERRORS:
        app.register_error_handler(unavailable, _handle_unavailable_database)
    app.register_error_handler(KeyNotOnDiskError, _handle_missing_key)
    app.register_error_handler(Exception, _handle_unforeseen_error)
