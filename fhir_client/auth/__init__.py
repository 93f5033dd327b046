"""Authentication: headers for each request, renewed once after a 401."""

from fhir_client.auth.static import BasicAuth, BearerAuth, NoAuth
from fhir_client.transport.connection import Auth

__all__ = ["Auth", "BasicAuth", "BearerAuth", "NoAuth"]
