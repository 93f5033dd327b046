"""Calm pages for what goes wrong: what happened in plain words, and the way on; a traceback only in the log."""

import logging

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from intake import i18n
from intake.pages import language, speaking
from intake.pages.sessions import STAFF

Page = str | Response | tuple[str, int]
"""What a view returns: a page, a response such as a redirect, or a page with its HTTP status."""

log = logging.getLogger("intake.pages")


def N_(message: str) -> str:  # noqa: N802  # The name under which gettext tools know a message marked for later.
    """Mark a message for translation."""
    return message


WORDS = {
    "expired": (N_("Please start again"), N_("This page was open for a while, so we cleared it to keep it private.")),
    404: (N_("There is no such page"), N_("Please start again, or ask the front desk.")),
    405: (N_("Please start again"), N_("This page cannot be opened this way.")),
    413: (N_("That was too long"), N_("Please go back and write a little less.")),
    429: (N_("Please wait a moment"), N_("Too many tries. Please wait a few minutes, or ask the front desk.")),
    500: (N_("Something went wrong on our side"), N_("Your visit goes on as planned. Please tell the front desk.")),
}


def page(what: str | int, status: int) -> tuple[str, int]:
    """Return the calm page for `what` (a status or `expired`) with the HTTP `status`."""
    title, words = WORDS.get(what, WORDS[404] if status < 500 else WORDS[500])
    speaks = i18n.translator(language.current().tag)
    onward = f"{STAFF}/" if request.path.startswith(STAFF) else "/"
    return (
        speaking.render("pages/error.html", title=speaks.gettext(title), words=speaks.gettext(words), onward=onward),
        status,
    )


def _csrf(_error: CSRFError) -> tuple[str, int]:
    return page("expired", 400)


def _http(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.code is None or error.code < 400:
        return error
    return page(error.code, error.code)


def _unforeseen(error: Exception) -> tuple[str, int]:
    if current_app.testing:
        raise error
    # The log gets the kind and place of the fault; its text could carry what a patient typed.
    log.error("unforeseen fault in %s: %s", request.endpoint, type(error).__name__, extra={"event": "fault"})
    return page(500, 500)


def init(app: Flask) -> None:
    """Show these pages instead of the framework's."""
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)
