"""How a FHIR server knows us, as the settings say: secrets and keys are read from their files, and stay nowhere else."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fhir_client.auth import Auth, Basic, Bearer, NoAuth
from fhir_client.errors import AccessFault
from fhir_client.tls import Tls
from intake.settings import AuthKind, Server

if TYPE_CHECKING:
    from fhir_client.auth.credentials import Credential
    from fhir_client.auth.keys import Key
    from fhir_client.auth.tokens import Tokens

WITH_TOKENS = (AuthKind.CLIENT_SECRET, AuthKind.BACKEND_SERVICES)


def auth_for(server: Server) -> Auth:
    """Return how a client is known to the server; raises AccessFault where its secret cannot be read."""
    match server.auth.kind:
        case AuthKind.NONE:
            return NoAuth()
        case AuthKind.BASIC:
            return Basic(server.auth.username, secret_of(server))
        case AuthKind.BEARER:
            return Bearer(secret_of(server))
        case AuthKind.CLIENT_SECRET | AuthKind.BACKEND_SERVICES:
            from fhir_client.auth.tokens import OAuth

            return OAuth(tokens_for(server))


def tls_for(server: Server) -> Tls:
    """Return whom we trust and what we show of ourselves."""
    files = (server.ca_file, server.certificate_file, server.certificate_key_file)
    return Tls(*(None if each is None else str(each) for each in files))


# All threads that speak to one server share its tokens, wherever in the process they get their clients from.
@cache
def tokens_for(server: Server) -> "Tokens":
    """Return the tokens for a server whose `auth` is client-secret or backend-services."""
    # Imported only now, for it takes a tenth of a second that sites without tokens need not spend.
    from fhir_client.auth.tokens import Tokens

    return Tokens(
        server.base_url,
        _credential(server),
        token_url=server.auth.token_url,
        scopes=server.auth.scopes,
        timeout=server.timeout.total_seconds(),
        tls=tls_for(server),
    )


def _credential(server: Server) -> "Credential":
    from fhir_client.auth.credentials import ClientSecret, PrivateKeyJwt

    # Files are read again for each new token, so that a secret or key that was replaced is taken up without a restart.
    if server.auth.kind is AuthKind.CLIENT_SECRET:
        return ClientSecret(server.auth.client_id, lambda: secret_of(server))
    return PrivateKeyJwt(server.auth.client_id, lambda: keys_of(server), server.auth.key_id)


def secret_of(server: Server) -> str:
    """Return the password, token or client secret; raises AccessFault."""
    secret = _bytes("secret", server, server.auth.secret_file).decode(errors="replace").strip()
    if not secret or not secret.isprintable():
        raise AccessFault(
            f"The secret of server {server.id} in {server.auth.secret_file} has to be one line of text."
        )
    return secret


def keys_of(server: Server) -> "tuple[Key, ...]":
    """Return the keys that sign for us, the newest last; raises AccessFault."""
    from fhir_client.auth.keys import KeyFault, read

    try:
        return read(_bytes("key", server, server.auth.key_file), server.auth.key_id)
    except KeyFault as fault:
        raise AccessFault(
            f"The key of server {server.id} in {server.auth.key_file} is of no use: {fault}."
        ) from None


def _bytes(what: str, server: Server, path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path is not None else b""
    except OSError:
        raise AccessFault(f"The {what} of server {server.id} cannot be read from {path}.") from None
