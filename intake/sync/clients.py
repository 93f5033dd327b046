"""FHIR clients as the settings ask for them; secrets are read from their files when a client is made."""

from dataclasses import fields

from fhir_client import capabilities
from fhir_client.capabilities import Capabilities
from fhir_client.client import Client
from fhir_client.quirks import Quirks
from fhir_client.uscore.patient import MergePolicy
from fhir_client.uscore.versions import version
from fhir_client.writing.ladder import Rung, Strategy, negotiate
from fhir_client.writing.values import Writer
from intake.settings import Server, Settings
from intake.settings.rules import AUTO
from intake.sync.access import auth_for, tls_for


def client_for(server: Server) -> Client:
    """Return a client for the server; raises AccessFault, a ServerFault, where a secret or certificate cannot be read."""
    tls = tls_for(server)
    if server.ca_file or server.certificate_file:
        # The HTTP library would say so in the middle of a submission, and not in its own kind of error.
        tls.context()
    return Client(server.base_url, auth_for(server), timeout=server.timeout.total_seconds(), tls=tls)


def quirks_of(server: Server, settings: Settings) -> Quirks:
    """Return what the site's profile knows of this kind of server."""
    profile = settings.quirks[server.quirks]
    return Quirks(**{each.name: getattr(profile, each.name) for each in fields(profile)})


def strategy_of(said: Capabilities, server: Server, settings: Settings) -> Strategy:
    """Return how the server is written to, by what it says of itself, its quirks and the site's word."""
    return negotiate(said, quirks_of(server, settings), pinned(server))


def pinned(server: Server) -> Rung | None:
    """Return the rung that the site has pinned, None where the server's own word decides."""
    return None if server.strategy == AUTO else Rung(server.strategy)


def writer_for(server: Server, settings: Settings, client: Client) -> Writer:
    """Return how the site writes to the server, which is asked what it offers unless the site has pinned a rung.

    Raises the errors of fhir_client.errors where it cannot say it now.
    """
    quirks, rung = quirks_of(server, settings), pinned(server)
    if rung is None:
        strategy = strategy_of(capabilities.read(client.capabilities()), server, settings)
    else:
        strategy = Strategy(rung, quirks.batch)
    return Writer(version(server.us_core), MergePolicy(decline_erases=settings.mapping.decline_erases), quirks, strategy)
