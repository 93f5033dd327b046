"""The staff's blueprint: every page under /staff, behind `access.check_access`."""

from flask import Blueprint, Flask

from fhir_client.text import show_controls
from intake.clock import format_since
from intake.pages import errors, language
from intake.pages.errors import ErrorFrame
from intake.pages.sessions import STAFF_PATH
from intake.staff import (
    access,
    accounts,
    answer_entry,
    audit,
    chart_choice,
    error_pages,
    group_actions,
    labels,
    monitor,
    report,
    review,
    sign_in,
    submission,
    tablets,
    today,
    undo,
    walk_ins,
    worklist,
)
from intake.store.health_words import describe_reason

blueprint = Blueprint(
    "staff",
    __name__,
    url_prefix=STAFF_PATH,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)
blueprint.before_request(access.check_access)
for pages in (
    sign_in,
    today,
    walk_ins,
    answer_entry,
    tablets,
    monitor,
    group_actions,
    submission,
    undo,
    review,
    chart_choice,
    report,
    worklist,
    accounts,
    audit,
):
    pages.register_pages(blueprint)


@blueprint.context_processor
def _template_values() -> dict[str, object]:
    return {
        "navigation": access.visible_navigation(),
        "signed_in": access.current_sign_in(),
        "may": access.may_open,
        "labels": labels,
        "format_since": format_since,
        "describe_reason": describe_reason,
    }


def _prepare_error_page() -> dict[str, object]:
    """Return the template's values for an address that is not a page."""
    # Flask runs the hook and the context processor of a blueprint only for its own pages.
    language.use_language("en")
    return _template_values()


def init_app(app: Flask) -> None:
    """Add the staff's pages and their error pages to the application."""
    app.jinja_env.filters["show_controls"] = show_controls
    app.register_blueprint(blueprint)
    errors.register_frame(
        app,
        ErrorFrame(
            "staff/error.html", _prepare_error_page, f"{STAFF_PATH}/", error_pages.ERROR_TEXTS
        ),
        staff=True,
    )
