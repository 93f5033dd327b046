"""Security headers: no inline code, no cached pages, no referrer for other sites."""

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
    # Not `no-referrer`: browsers would then send forms with the Origin `null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
CACHE_FOREVER = "public, max-age=31536000, immutable"
HSTS = "max-age=63072000; includeSubDomains"


def init_app(app: Flask, *, https: bool) -> None:
    """Send the security headers with every response, and forbid caching of pages."""
    fixed = {**HEADERS, **({"Strict-Transport-Security": HSTS} if https else {})}

    def set_headers(response: Response) -> Response:
        response.headers.update(fixed)
        if not (request.endpoint or "").endswith("static"):
            # The next person at a tablet must not see a page by Back.
            response.headers["Cache-Control"] = "no-store"
        elif VERSION_ARGUMENT in request.args:
            response.headers["Cache-Control"] = CACHE_FOREVER
        return response

    app.after_request(set_headers)
