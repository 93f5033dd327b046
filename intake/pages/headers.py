"""Security headers: no inline code, no cached pages, no referrer for other sites."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, request

from intake.pages.assets import VERSION_ARGUMENT

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: over https Flask-WTF refuses a POST without a Referer.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
CACHE_FOREVER = "public, max-age=31536000, immutable"
HSTS = "max-age=63072000; includeSubDomains"


def init_app(app: Flask, *, https: bool) -> None:
    """Send the security headers with every response, and forbid caching of pages."""
    fixed = [*HEADERS.items(), *([("Strict-Transport-Security", HSTS)] if https else [])]
    flask_app = app.wsgi_app

    def add_headers(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, *fixed], *error)

        return flask_app(environ, start)

    def set_cache_control(response: Response) -> Response:
        if not (request.endpoint or "").endswith("static"):
            # The next person at a tablet must not see a page by Back.
            response.headers["Cache-Control"] = "no-store"
        elif VERSION_ARGUMENT in request.args:
            response.headers["Cache-Control"] = CACHE_FOREVER
        return response

    # A wrapper around Flask, because no page sets any of these headers itself. Setting them on
    # Flask's response would search its headers for each of them.
    app.wsgi_app = add_headers  # type: ignore[method-assign]
    app.after_request(set_cache_control)
