"""Security headers: a policy with nothing inline, no page kept by the browser, nothing told to another site."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, request

from intake.pages.assets import VERSION_ARGUMENT

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With `no-referrer` Flask-WTF would refuse every POST over https, because it compares the Referer there.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
FOR_EVER = "public, max-age=31536000, immutable"
HSTS = "max-age=63072000; includeSubDomains"


def init_app(app: Flask, *, https: bool) -> None:
    """Send the headers with every response."""
    fixed = [*HEADERS.items(), *([("Strict-Transport-Security", HSTS)] if https else [])]
    inner = app.wsgi_app

    def secured(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, *fixed], *error)

        return inner(environ, start)

    def kept(response: Response) -> Response:
        if not (request.endpoint or "").endswith("static"):
            response.headers["Cache-Control"] = "no-store"
        elif VERSION_ARGUMENT in request.args:
            response.headers["Cache-Control"] = FOR_EVER
        return response

    # Outside of Flask: no page has any of these headers of its own, so that each need not be looked for on every response.
    app.wsgi_app = secured  # type: ignore[method-assign]
    app.after_request(kept)
