"""Takes forms from our own pages only: a token in the session, and the browser's Origin."""

from urllib.parse import urlsplit

from flask import Flask, request
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

FOREIGN_ORIGIN = "The form comes from another site."
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def init_app(app: Flask, public_url: str) -> None:
    """Refuse a form without our token, or one that a browser sends from another site.

    Flask-WTF would check the Referer over https, which some browsers and proxies leave out. The
    Origin header says the same without the path (OWASP CSRF Prevention, "Verifying Origin").
    """
    app.config["WTF_CSRF_SSL_STRICT"] = False
    public_origin = _origin_of(public_url)

    def refuse_foreign_origin() -> None:
        if request.method not in SAFE_METHODS and not _is_own_origin(public_origin):
            raise CSRFError(FOREIGN_ORIGIN)

    # Before the token is checked, so that the page can name the cause.
    app.before_request(refuse_foreign_origin)
    CSRFProtect(app)


def _is_own_origin(public_origin: str) -> bool:
    """Return whether nothing speaks against our own page; a token is needed all the same."""
    # Not every browser sends each header, but none sends a false one.
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin") or _referring_origin()
    # A privacy setting can empty the Origin of our own forms, too.
    if origin is None or (origin == "null" and site == "same-origin"):
        return True
    # Behind a proxy, the request's own scheme and host may be those of the inner network.
    return origin in (public_origin, _origin_of(request.host_url))


def _referring_origin() -> str | None:
    return _origin_of(request.referrer) if request.referrer else None


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
