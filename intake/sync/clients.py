"""FHIR clients as the settings ask for them; secrets are read from their files when a client is made."""

from dataclasses import fields

from fhir_client.client import Client
from fhir_client.quirks import Quirks
from intake.settings import Server, Settings
from intake.sync.access import auth_for, tls_for


def client_for(server: Server) -> Client:
    """Return a client for the server; raises AccessFault, a ServerFault, where a secret or certificate cannot be read."""
    tls = tls_for(server)
    if server.ca_file or server.certificate_file:
        # The HTTP library would say so in the middle of a submission, and not in its own kind of error.
        tls.context()
    return Client(
        server.base_url, auth_for(server), timeout=server.timeout.total_seconds(), tls=tls
    )


def quirks_of(server: Server, settings: Settings) -> Quirks:
    """Return what the site's profile knows of this kind of server."""
    profile = settings.quirks[server.quirks]
    return Quirks(**{each.name: getattr(profile, each.name) for each in fields(profile)})
