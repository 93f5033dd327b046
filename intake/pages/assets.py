"""The base template, the stylesheet and the icons that every page shares, and what every template may call."""

from flask import Blueprint, Flask
from jinja2 import StrictUndefined

blueprint = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static/pages")


def init(app: Flask) -> None:
    """Serve them; a name that a template does not know is a fault and never an empty string."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(blueprint)
