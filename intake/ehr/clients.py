"""FHIR clients for the servers in the settings."""

from fhir_client.client import FhirClient
from fhir_client.quirks import Quirks
from fhir_client.transport.exchanges import Observe
from intake.ehr.credentials import build_auth, build_tls
from intake.settings import Server, Settings


def build_client(server: Server, observe: Observe | None = None) -> FhirClient:
    """Return a client for the server, with secrets and certificates read from files.

    `observe` is told of each request, without ids and values.
    Raises AccessError, a ServerError, for a file that cannot be read.
    """
    tls = build_tls(server)
    if server.ca_file or server.certificate_file:
        # The HTTP library loads certificates at the first request. It would then fail in the
        # middle of a submission, with an error class of its own.
        tls.load_context()
    return FhirClient(
        server.base_url,
        build_auth(server),
        timeout=server.timeout.total_seconds(),
        tls=tls,
        observe=observe,
    )


def server_quirks(server: Server, settings: Settings) -> Quirks:
    """Return the quirks of this kind of server, from the site's profile."""
    return settings.quirks[server.quirks]
