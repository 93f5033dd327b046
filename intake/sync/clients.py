"""FHIR clients as the settings ask for them; secrets are read from their files when a client is made."""

from fhir_client.client import Client
from fhir_client.uscore.patient import MergePolicy
from fhir_client.uscore.versions import version
from fhir_client.writing.transaction import Writer
from intake.settings import MappingPolicy, Server
from intake.sync.access import auth_for, tls_for


def client_for(server: Server) -> Client:
    """Return a client for the server; raises AccessFault, a ServerFault, where a secret or certificate cannot be read."""
    tls = tls_for(server)
    if server.ca_file or server.certificate_file:
        # The HTTP library would say so in the middle of a submission, and not in its own kind of error.
        tls.context()
    return Client(server.base_url, auth_for(server), timeout=server.timeout.total_seconds(), tls=tls)


def writer_for(server: Server, policy: MappingPolicy) -> Writer:
    """Return how the site writes to the server."""
    return Writer(version(server.us_core), MergePolicy(decline_erases=policy.decline_erases))
