"""Authentication: headers for each request, renewed once after a 401."""

from typing import Protocol

from fhir_client.auth.static import BasicAuth, BearerAuth, NoAuth

__all__ = ["Auth", "BasicAuth", "BearerAuth", "NoAuth"]


class Auth(Protocol):
    """A way to authenticate."""

    def headers(self) -> dict[str, str]:
        """Return the headers for a request."""

    def renew(self) -> bool:
        """Drop credentials that the server refused; return whether a retry makes sense."""
