"""Credentials that never change: none, user name and password, or a token."""

import base64
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoAuth:
    """A server without authentication, such as a test server."""

    def headers(self) -> dict[str, str]:
        """Return no headers."""
        return {}

    def renew(self) -> bool:
        """Return False, because there is nothing to renew."""
        return False


@dataclass(frozen=True, slots=True, repr=False)
class BasicAuth:
    """User name and password."""

    username: str
    password: str

    def headers(self) -> dict[str, str]:
        """Return HTTP basic authentication (RFC 7617, in UTF-8)."""
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def renew(self) -> bool:
        """Return False, because the same password would be refused again."""
        return False


@dataclass(frozen=True, slots=True, repr=False)
class BearerAuth:
    """A fixed token."""

    token: str

    def headers(self) -> dict[str, str]:
        """Return the bearer token (RFC 6750)."""
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self) -> bool:
        """Return False, because the same token would be refused again."""
        return False
