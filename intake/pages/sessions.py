"""Two session cookies: wiping a tablet's session never signs out staff."""

from flask import Flask, Response, has_request_context, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer

STAFF_PATH = "/staff"


def is_staff_request() -> bool:
    """Return whether the request is for a staff page."""
    return has_request_context() and (
        request.path == STAFF_PATH or request.path.startswith(f"{STAFF_PATH}/")
    )


class RoomSessions(SecureCookieSessionInterface):
    """Flask's signed cookies, with a name and a path of their own for staff pages."""

    _serializer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return the serializer; it is made once, because the secret never changes."""
        if self._serializer is None:
            self._serializer = super().get_signing_serializer(app)
        return self._serializer

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie of a session that changed.

        Flask would also send `Vary: Cookie`, but no page may be cached anyway.
        """
        if session.modified:
            super().save_session(app, session, response)

    def get_cookie_name(self, app: Flask) -> str:  # noqa: ARG002
        """Return `staff` under /staff and `visit` elsewhere."""
        return "staff" if is_staff_request() else "visit"

    def get_cookie_path(self, app: Flask) -> str:  # noqa: ARG002
        """Return `/staff` for staff pages and `/` elsewhere."""
        return STAFF_PATH if is_staff_request() else "/"


def init_app(app: Flask, *, secret: bytes, https: bool) -> None:
    """Sign the cookies with `secret`; https makes them Secure."""
    app.config.update(
        SECRET_KEY=secret,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.session_interface = RoomSessions()
