"""How a FHIR server knows us; the client asks for the headers before each request and renews once after a 401."""

from typing import Protocol

from fhir_client.auth.plain import Basic, Bearer, NoAuth

__all__ = ["Auth", "Basic", "Bearer", "NoAuth"]


class Auth(Protocol):
    """A way to authenticate."""

    def headers(self) -> dict[str, str]:
        """Return the headers that a request carries."""

    def renew(self) -> bool:
        """Forget what the server no longer takes; True where a fresh try makes sense."""
