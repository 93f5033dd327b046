"""The error pages under /staff: what happened, and what the staff member can do."""

from collections.abc import Mapping

from flask import render_template

from intake.pages import language

ERROR_TEXTS: Mapping[str | int, tuple[str, str]] = {
    "expired": (
        "Please try again",
        (
            "The page was open too long, or another site sent the form. Nothing was changed. "
            "Please go back and try again."
        ),
    ),
    403: (
        "No access",
        (
            "Your account has no access to this page. If your work needs it, ask an administrator "
            "for the role."
        ),
    ),
    404: (
        "Page not found",
        (
            "The page may have been removed, or the visit is no longer on the schedule. "
            "Nothing was changed."
        ),
    ),
    405: ("Please try again", "This page cannot be opened this way. Nothing was changed."),
    413: ("The text is too long", "Nothing was changed. Please go back and shorten the text."),
    500: (
        "Something went wrong",
        (
            "Please check whether your change was saved. If the error continues, tell IT: "
            "the log has the details."
        ),
    ),
}
"""A title and a text for each status; "expired" is a form without a valid token."""


def render_error(title: str, text: str, status: int) -> tuple[str, int]:
    """Return an error page with its status."""
    language.use_language("en")
    return render_template("staff/error.html", title=title, text=text), status
