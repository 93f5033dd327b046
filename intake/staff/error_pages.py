"""What goes wrong under /staff, in words for staff: refused, not found, a page that was open too long."""

from collections.abc import Mapping

from flask import render_template

from intake.pages import language

ERROR_TEXTS: Mapping[str | int, tuple[str, str]] = {
    "expired": (
        "Please try again",
        "The page was open too long, or did not come from here. Nothing was changed. Please go back and try again.",
    ),
    403: (
        "Not open to you",
        "Your account does not open this page. If your work needs it, ask an administrator for the role.",
    ),
    404: (
        "This is not there",
        "It may have been removed, or the schedule no longer has it. Nothing was changed.",
    ),
    405: ("Please try again", "This page cannot be opened this way. Nothing was changed."),
    413: ("That was too long", "Nothing was changed. Please go back and write a little less."),
    500: (
        "Something went wrong here",
        "Please look again whether it was done. If this goes on, tell IT: the log says what it was.",
    ),
}
"""A title and a sentence for each status, and for a form without a good token."""


def render_error(title: str, text: str, status: int) -> tuple[str, int]:
    """Return the calm page that says what happened and what to do."""
    language.use_language("en")
    return render_template("staff/fault.html", title=title, text=text), status
