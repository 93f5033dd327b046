"""Calm pages for what goes wrong: what happened in plain words, and the way on; a traceback only in the log."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from intake import i18n
from intake.pages import language, renderer
from intake.pages.sessions import is_staff_request

PageResponse = str | Response | tuple[str, int]
"""What a view returns: a page, a response such as a redirect, or a page with its HTTP status."""

EXTENSION_KEY = "intake-rooms"

log = logging.getLogger("intake.pages")


def N_(message: str) -> str:  # noqa: N802  # The name under which gettext tools know a message marked for later.
    """Mark a message for translation."""
    return message


PATIENT_WORDS: Mapping[str | int, tuple[str, str]] = {
    "expired": (
        N_("Please start again"),
        N_("This page was open for a while, so we cleared it to keep it private."),
    ),
    404: (N_("There is no such page"), N_("Please start again, or ask the front desk.")),
    405: (N_("Please start again"), N_("This page cannot be opened this way.")),
    413: (N_("That was too long"), N_("Please go back and write a little less.")),
    429: (
        N_("Please wait a moment"),
        N_("Too many tries. Please wait a few minutes, or ask the front desk."),
    ),
    500: (
        N_("Something went wrong on our side"),
        N_("Your visit goes on as planned. Please tell the front desk."),
    ),
}


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """How the patients' or the staff's pages show what went wrong: in words and in a frame of their own.

    `template` shows `title` and `text` with what `enter` returns, which also chooses the language; `home` is where the way goes
    on if the frame itself cannot be shown; `words` has at least those for 404 and for 500.
    """

    template: str
    prepare: Callable[[], Mapping[str, Any]]
    home: str
    words: Mapping[str | int, tuple[str, str]]


def register_frame(app: Flask, room: ErrorFrame, *, staff: bool = False) -> None:
    """Show what goes wrong at the patients' addresses, or at the staff's, in that room."""
    app.extensions.setdefault(EXTENSION_KEY, {})[staff] = room


def error_page(what: str | int, status: int) -> tuple[str, int]:
    """Return the calm page for `what` (a status or `expired`) with the HTTP `status`."""
    room: ErrorFrame = current_app.extensions[EXTENSION_KEY][is_staff_request()]
    title, text = room.words.get(what, room.words[404 if status < 500 else 500])
    try:
        values = room.prepare()
        return renderer.render_page(
            room.template, title=_said(title), text=_said(text), **values
        ), status
    except Exception as error:
        if current_app.testing:
            raise
        # The frame asks the database, which may be what is down; these words need nothing.
        log.warning(
            "an error page without its frame: %s", type(error).__name__, extra={"event": "fault"}
        )
        return renderer.render_standalone(
            "pages/error.html", title=_said(title), text=_said(text), onward=room.home
        ), status


def _said(message: str) -> str:
    return i18n.load_translator(language.current_locale().tag).gettext(message)


def _csrf(_error: CSRFError) -> tuple[str, int]:
    return error_page("expired", 400)


def _http(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.code is None or error.code < 400:
        return error
    return error_page(error.code, error.code)


def _unforeseen(error: Exception) -> tuple[str, int]:
    if current_app.testing:
        raise error
    # The log gets the kind and place of the fault; its text could carry what a patient typed.
    log.error(
        "unforeseen fault in %s: %s",
        request.endpoint,
        type(error).__name__,
        extra={"event": "fault"},
    )
    return error_page(500, 500)


def init_app(app: Flask) -> None:
    """Show these pages instead of the framework's."""
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)
