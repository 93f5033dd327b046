"""FHIR clients as the settings ask for them; secrets are read from their files when a client is made."""

from fhir_client.auth import Auth, Basic, Bearer, NoAuth
from fhir_client.client import Client
from fhir_client.errors import ServerFault
from fhir_client.uscore.patient import MergePolicy
from fhir_client.uscore.versions import version
from fhir_client.writing.transaction import Writer
from intake.settings import AuthKind, MappingPolicy, Server


def client_for(server: Server) -> Client:
    """Return a client for the server; raises ServerFault where its secret cannot be read."""
    verify = True if server.ca_file is None else str(server.ca_file)
    return Client(server.base_url, _auth(server), timeout=server.timeout.total_seconds(), verify=verify)


def writer_for(server: Server, policy: MappingPolicy) -> Writer:
    """Return how the site writes to the server."""
    return Writer(version(server.us_core), MergePolicy(decline_erases=policy.decline_erases))


def _auth(server: Server) -> Auth:
    match server.auth.kind:
        case AuthKind.NONE:
            return NoAuth()
        case AuthKind.BASIC:
            return Basic(server.auth.username, _secret(server))
        case AuthKind.BEARER:
            return Bearer(_secret(server))
        case _:
            raise ServerFault(f'auth = "{server.auth.kind}" is not built yet; none, basic and bearer are.')


def _secret(server: Server) -> str:
    try:
        return server.auth.secret_file.read_text("utf-8").strip() if server.auth.secret_file else ""
    except OSError:
        raise ServerFault(f"The secret of server {server.id} cannot be read from {server.auth.secret_file}.") from None
