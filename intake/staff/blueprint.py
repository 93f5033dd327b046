"""The staff's blueprint: every page of it is under /staff, in English, behind the one hook that signs in and checks roles."""

from flask import Blueprint, Flask

from intake.pages import errors, language
from intake.pages.errors import ErrorFrame
from intake.pages.sessions import STAFF_PATH
from intake.staff import (
    access,
    accounts,
    audit,
    error_pages,
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

blueprint = Blueprint(
    "staff",
    __name__,
    url_prefix=STAFF_PATH,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)
blueprint.before_request(access.check_access)
for part in (
    sign_in,
    today,
    walk_ins,
    tablets,
    monitor,
    submission,
    undo,
    review,
    report,
    worklist,
    accounts,
    audit,
):
    part.register_pages(blueprint)


@blueprint.context_processor
def _for_templates() -> dict[str, object]:
    return {
        "navigation": access.visible_navigation(),
        "signed_in": access.current_sign_in(),
        "may": access.may_open,
        "say": labels,
    }


def _enter() -> dict[str, object]:
    """Do for an address that is no page what is done for every page."""
    language.use_language("en")
    return _for_templates()


def init_app(app: Flask) -> None:
    """Add the staff's pages to the application, and their frame to what goes wrong under /staff."""
    app.register_blueprint(blueprint)
    errors.register_frame(
        app,
        ErrorFrame("staff/fault.html", _enter, f"{STAFF_PATH}/", error_pages.ERROR_TEXTS),
        staff=True,
    )
