"""How a FHIR server knows us; the client asks for the headers before each request and renews once after a 401."""

import base64
from dataclasses import dataclass
from typing import Protocol


class Auth(Protocol):
    """A way to authenticate."""

    def headers(self) -> dict[str, str]:
        """Return the headers that a request carries."""

    def renew(self) -> bool:
        """Forget what the server no longer takes; True where a fresh try makes sense."""


@dataclass(frozen=True, slots=True)
class NoAuth:
    """A server that asks for nothing, such as one for trying things out."""

    def headers(self) -> dict[str, str]:
        """Return nothing."""
        return {}

    def renew(self) -> bool:
        """There is nothing to renew."""
        return False


@dataclass(frozen=True, slots=True, repr=False)
class Basic:
    """User name and password."""

    username: str
    password: str

    def headers(self) -> dict[str, str]:
        """Return HTTP basic authentication (RFC 7617, in UTF-8)."""
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def renew(self) -> bool:
        """There is nothing to renew."""
        return False


@dataclass(frozen=True, slots=True, repr=False)
class Bearer:
    """A fixed token."""

    token: str

    def headers(self) -> dict[str, str]:
        """Return the bearer token (RFC 6750)."""
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self) -> bool:
        """There is nothing to renew."""
        return False
