"""The patient's blueprint: the pages of the tablet and of the pre-visit link."""

from flask import Blueprint, Flask

blueprint = Blueprint(
    "patient", __name__, template_folder="templates", static_folder="static", static_url_path="/static/patient"
)


def init(app: Flask) -> None:
    """Add the patient's pages to the application."""
    app.register_blueprint(blueprint)
