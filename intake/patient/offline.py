"""What a tablet keeps for a time without a network: one calm page per language, nothing else."""

from hashlib import sha256

from flask import Blueprint, Response, abort, jsonify, url_for

from intake import i18n
from intake.pages import assets, language, renderer
from intake.pages.errors import N_, PageResponse
from intake.pages.site import current_site

OFFLINE_SENTENCE = N_("You are offline. We will go on when you are back online.")

ASSETS = ("pages/look.css", "patient/patient.css", "patient/patient.js", "pages/icon.svg")
"""The static files that the offline page needs."""


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/offline", "offline", view_offline)
    blueprint.add_url_rule("/offline/<tag>", "offline_in", view_offline)
    blueprint.add_url_rule("/worker.js", "worker", view_worker)
    blueprint.add_url_rule("/manifest.webmanifest", "manifest", view_manifest)


def view_offline(tag: str = "") -> str:
    """Say that there is no network: in the language `tag`, or in every offered language."""
    tags = current_site().languages
    if tag and tag not in tags:
        abort(404)
    return _render_offline((tag,) if tag else tags)


def _render_offline(tags: tuple[str, ...]) -> str:
    language.use_language(tags[0])
    sentences = [
        (i18n.find_locale(tag), i18n.load_translator(tag).gettext(OFFLINE_SENTENCE)) for tag in tags
    ]
    return renderer.render_page("patient/offline.html", sentences=sentences)


def view_worker() -> PageResponse:
    """Return the service worker; it changes whenever a page that it keeps changes."""
    tags = current_site().languages
    pages = {tag: url_for("patient.offline_in", tag=tag) for tag in tags}
    texts = "".join(_render_offline((tag,)) for tag in tags)
    script = renderer.render_page(
        "patient/worker.js",
        version=sha256(texts.encode()).hexdigest()[:12],
        pages=pages,
        every_language=url_for("patient.offline"),
        files=[assets.asset_address(name) for name in ASSETS],
        onward=url_for("patient.onward"),
    )
    return Response(script, mimetype="text/javascript")


def view_manifest() -> PageResponse:
    """Return the manifest with which a tablet shows the pages on the full screen."""
    icon = {"src": assets.asset_address("pages/icon.svg"), "type": "image/svg+xml", "sizes": "any"}
    response = jsonify(
        # No health word: the name stands on the home screen of a device.
        name="Check-in",
        short_name="Check-in",
        start_url=url_for("patient.home"),
        scope=url_for("patient.home"),
        display="fullscreen",
        background_color="#faf7f2",
        theme_color="#faf7f2",
        icons=[icon],
    )
    response.mimetype = "application/manifest+json"
    return response
