"""The staff's blueprint: every page of it is under /staff, in English, behind the one hook that signs in and checks roles."""

from flask import Blueprint, Flask

from intake.pages import errors, language
from intake.pages.errors import Room
from intake.pages.sessions import STAFF
from intake.staff import (
    access,
    accounts,
    audit,
    faults,
    monitor,
    report,
    review,
    signing,
    submission,
    tablets,
    today,
    undoing,
    walk_ins,
    words,
    worklist,
)

blueprint = Blueprint(
    "staff",
    __name__,
    url_prefix=STAFF,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)
blueprint.before_request(access.guard)
for part in (
    signing,
    today,
    walk_ins,
    tablets,
    monitor,
    submission,
    undoing,
    review,
    report,
    worklist,
    accounts,
    audit,
):
    part.register(blueprint)


@blueprint.context_processor
def _for_templates() -> dict[str, object]:
    return {
        "navigation": access.navigation(),
        "signed_in": access.current(),
        "may": access.may,
        "say": words,
    }


def _enter() -> dict[str, object]:
    """Do for an address that is no page what is done for every page."""
    language.use("en")
    return _for_templates()


def init(app: Flask) -> None:
    """Add the staff's pages to the application, and their frame to what goes wrong under /staff."""
    app.register_blueprint(blueprint)
    errors.show_in(app, Room("staff/fault.html", _enter, f"{STAFF}/", faults.WORDS), staff=True)
