"""The staff's blueprint: every page of it is under /staff, in English, behind the one hook that signs in and checks roles."""

from flask import Blueprint, Flask

from intake.pages import language
from intake.pages.sessions import STAFF
from intake.staff import report

blueprint = Blueprint(
    "staff",
    __name__,
    url_prefix=STAFF,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)
report.register(blueprint)


@blueprint.before_request
def _in_english() -> None:
    language.use("en")


def init(app: Flask) -> None:
    """Add the staff's pages to the application."""
    app.register_blueprint(blueprint)
