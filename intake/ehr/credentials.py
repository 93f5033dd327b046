"""How a FHIR server knows us, as the settings say: secrets and keys are read from their files, and stay nowhere else."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fhir_client.auth import Auth, BasicAuth, BearerAuth, NoAuth
from fhir_client.errors import AccessError
from fhir_client.transport.tls import Tls
from intake.settings import AuthKind, Server

if TYPE_CHECKING:
    from fhir_client.auth.credentials import Credential
    from fhir_client.auth.keys import SigningKey
    from fhir_client.auth.tokens import TokenCache

TOKEN_AUTH_KINDS = (AuthKind.CLIENT_SECRET, AuthKind.BACKEND_SERVICES)


def build_auth(server: Server) -> Auth:
    """Return how a client is known to the server; raises AccessFault where its secret cannot be read."""
    match server.auth.kind:
        case AuthKind.NONE:
            return NoAuth()
        case AuthKind.BASIC:
            return BasicAuth(server.auth.username, read_secret(server))
        case AuthKind.BEARER:
            return BearerAuth(read_secret(server))
        case AuthKind.CLIENT_SECRET | AuthKind.BACKEND_SERVICES:
            from fhir_client.auth.tokens import TokenAuth

            return TokenAuth(shared_tokens(server))


def build_tls(server: Server) -> Tls:
    """Return whom we trust and what we show of ourselves."""
    files = (server.ca_file, server.certificate_file, server.certificate_key_file)
    return Tls(*(None if each is None else str(each) for each in files))


# All threads that speak to one server share its tokens, wherever in the process they get their clients from.
@cache
def shared_tokens(server: Server) -> "TokenCache":
    """Return the tokens for a server whose `auth` is client-secret or backend-services."""
    # Imported only now, for it takes a tenth of a second that sites without tokens need not spend.
    from fhir_client.auth.tokens import TokenCache

    return TokenCache(
        server.base_url,
        _credential(server),
        token_url=server.auth.token_url,
        scopes=server.auth.scopes,
        timeout=server.timeout.total_seconds(),
        tls=build_tls(server),
    )


def _credential(server: Server) -> "Credential":
    from fhir_client.auth.credentials import ClientSecret, PrivateKeyJwt

    # Files are read again for each new token, so that a secret or key that was replaced is taken up without a restart.
    if server.auth.kind is AuthKind.CLIENT_SECRET:
        return ClientSecret(server.auth.client_id, lambda: read_secret(server))
    return PrivateKeyJwt(
        server.auth.client_id, lambda: read_signing_keys(server), server.auth.key_id
    )


def read_secret(server: Server) -> str:
    """Return the password, token or client secret; raises AccessFault."""
    secret = _bytes("secret", server, server.auth.secret_file).decode(errors="replace").strip()
    if not secret or not secret.isprintable():
        raise AccessError(
            f"The secret of server {server.id} in {server.auth.secret_file} has to be one line of text."
        )
    return secret


def read_signing_keys(server: Server) -> "tuple[SigningKey, ...]":
    """Return the keys that sign for us, the newest last; raises AccessFault."""
    from fhir_client.auth.keys import KeyFileError, parse_keys

    try:
        return parse_keys(_bytes("key", server, server.auth.key_file), server.auth.key_id)
    except KeyFileError as fault:
        raise AccessError(
            f"The key of server {server.id} in {server.auth.key_file} is of no use: {fault}."
        ) from None


def _bytes(what: str, server: Server, path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path is not None else b""
    except OSError:
        raise AccessError(f"The {what} of server {server.id} cannot be read from {path}.") from None
