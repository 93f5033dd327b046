"""How a FHIR server knows us; the client asks for the headers before each request and renews once after a 401."""

from typing import Protocol

from fhir_client.auth.static import BasicAuth, BearerAuth, NoAuth

__all__ = ["Auth", "BasicAuth", "BearerAuth", "NoAuth"]


class Auth(Protocol):
    """A way to authenticate."""

    def headers(self) -> dict[str, str]:
        """Return the headers that a request carries."""

    def renew(self) -> bool:
        """Forget what the server no longer takes; True where a fresh try makes sense."""
