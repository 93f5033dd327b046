"""The base template, the stylesheets and the icons: what pages are made of, and how long a browser may keep it."""

from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Flask
from flask.sansio.blueprints import Blueprint as SansioBlueprint
from jinja2 import StrictUndefined

VERSION_ARGUMENT = "v"
"""The argument of an asset's address that changes with its content, so that a browser may keep the asset for ever."""

blueprint = Blueprint(
    "pages",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static/pages",
)


def init_app(app: Flask) -> None:
    """Give templates `asset`, the address of each static file of the blueprints by `blueprint/file`; the last to be called.

    `address` has the page of each endpoint whose address is always the same. A name that a template does not know is a fault
    and never an empty string.
    """
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(blueprint)
    build = app.url_map.bind("localhost").build
    app.jinja_env.globals["asset"] = {
        f"{name}/{file.name}": build(
            f"{name}.static", {"filename": file.name, VERSION_ARGUMENT: _digest(file)}
        )
        for name, each in app.blueprints.items()
        for file in _files(each)
    }
    fixed = {rule.endpoint for rule in app.url_map.iter_rules() if not rule.arguments}
    app.jinja_env.globals["address"] = {endpoint: build(endpoint) for endpoint in fixed}


def _files(room: SansioBlueprint) -> tuple[Path, ...]:
    return tuple(Path(room.static_folder).iterdir()) if room.static_folder else ()


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()[:12]
