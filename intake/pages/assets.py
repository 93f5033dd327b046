"""The base template and the static files, and how long a browser may cache them."""

from hashlib import sha256
from pathlib import Path
from typing import cast

from flask import Blueprint, Flask, current_app
from flask.sansio.blueprints import Blueprint as SansioBlueprint
from jinja2 import StrictUndefined

VERSION_ARGUMENT = "v"
"""The query argument of a static file's address; its value changes with the file's content."""

blueprint = Blueprint(
    "pages",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static/pages",
)


def init_app(app: Flask) -> None:
    """Give templates `asset` and `address`; call this after all registrations.

    `asset` has the address of each static file by `blueprint/file`, and `address` that of each
    endpoint without arguments.
    """
    # A template that misspells a name fails in a test, instead of showing nothing to a patient.
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(blueprint)
    # Built once here: `url_for` would build each address again for every page.
    build = app.url_map.bind("localhost").build
    app.jinja_env.globals["asset"] = {
        f"{name}/{file.name}": build(
            f"{name}.static", {"filename": file.name, VERSION_ARGUMENT: _content_digest(file)}
        )
        for name, owner in app.blueprints.items()
        for file in _static_files(owner)
    }
    fixed_endpoints = {rule.endpoint for rule in app.url_map.iter_rules() if not rule.arguments}
    app.jinja_env.globals["address"] = {endpoint: build(endpoint) for endpoint in fixed_endpoints}


def asset_address(name: str) -> str:
    """Return the address of the static file `name`, such as `pages/look.css`."""
    return cast("dict[str, str]", current_app.jinja_env.globals["asset"])[name]


def _static_files(owner: SansioBlueprint) -> tuple[Path, ...]:
    return tuple(Path(owner.static_folder).iterdir()) if owner.static_folder else ()


def _content_digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()[:12]
