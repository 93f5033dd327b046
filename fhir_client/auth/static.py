"""What never changes while a client lives: nothing, user name and password, or a fixed token."""

import base64
from dataclasses import dataclass


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
class BasicAuth:
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
class BearerAuth:
    """A fixed token."""

    token: str

    def headers(self) -> dict[str, str]:
        """Return the bearer token (RFC 6750)."""
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self) -> bool:
        """There is nothing to renew."""
        return False
