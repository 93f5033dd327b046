"""Security headers: a policy with nothing inline, no page kept by the browser, nothing told to another site."""

from flask import Flask, Response, request

from intake.pages.assets import VERSION

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


def init(app: Flask, *, https: bool) -> None:
    """Send the headers with every response."""

    def secure(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if https:
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        if not (request.endpoint or "").endswith("static"):
            response.headers["Cache-Control"] = "no-store"
        elif VERSION in request.args:
            response.headers["Cache-Control"] = FOR_EVER
        return response

    app.after_request(secure)
