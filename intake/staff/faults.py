"""What goes wrong under /staff, in words for staff: refused, not found, a page that was open too long."""

from flask import Blueprint, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import Forbidden, NotFound

from intake.pages import language

Page = tuple[str, int]


def register(blueprint: Blueprint) -> None:
    """Show these pages for faults of the staff's pages."""
    blueprint.register_error_handler(Forbidden, _forbidden)
    blueprint.register_error_handler(NotFound, _not_found)
    blueprint.register_error_handler(CSRFError, _expired)


def page(title: str, text: str, status: int) -> Page:
    """Return the calm page that says what happened and what to do."""
    language.use("en")
    return render_template("staff/fault.html", title=title, text=text), status


def _forbidden(_error: Forbidden) -> Page:
    text = "Your account does not open this page. If your work needs it, ask an administrator for the role."
    return page("Not open to you", text, 403)


def _not_found(_error: NotFound) -> Page:
    text = "It may have been removed, or the schedule no longer has it. Nothing was changed."
    return page("This is not there", text, 404)


def _expired(_error: CSRFError) -> Page:
    text = "The page was open too long, or did not come from here. Nothing was changed. Please go back and try again."
    return page("Please try again", text, 400)
