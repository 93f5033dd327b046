"""FHIR clients as the settings ask for them; secrets are read from their files when a client is made."""

from fhir_client.client import FhirClient
from fhir_client.quirks import Quirks
from intake.ehr.credentials import build_auth, build_tls
from intake.settings import Server, Settings


def build_client(server: Server) -> FhirClient:
    """Return a client for the server; raises AccessFault, a ServerFault, where a secret or certificate cannot be read."""
    tls = build_tls(server)
    if server.ca_file or server.certificate_file:
        # The HTTP library would say so in the middle of a submission, and not in its own kind of error.
        tls.load_context()
    return FhirClient(
        server.base_url, build_auth(server), timeout=server.timeout.total_seconds(), tls=tls
    )


def server_quirks(server: Server, settings: Settings) -> Quirks:
    """Return the quirks of this kind of server, from the site's profile."""
    return settings.quirks[server.quirks]
