"""How the site authenticates at a FHIR server, read from the settings and their files."""

from functools import cache
from pathlib import Path

from fhir_client.auth import Auth, BasicAuth, BearerAuth, NoAuth
from fhir_client.auth.credentials import ClientSecret, Credential, PrivateKeyJwt
from fhir_client.auth.keys import KeyFileError, SigningKey, parse_keys
from fhir_client.auth.tokens import TokenAuth, TokenCache
from fhir_client.errors import AccessError
from fhir_client.transport.tls import Tls
from intake.settings import AuthKind, Server

TOKEN_AUTH_KINDS = (AuthKind.CLIENT_SECRET, AuthKind.BACKEND_SERVICES)
"""The kinds of authentication that fetch an access token from a token endpoint."""


def build_auth(server: Server) -> Auth:
    """Return the authentication for a server; raises AccessError for a bad secret."""
    match server.auth.kind:
        case AuthKind.NONE:
            return NoAuth()
        case AuthKind.BASIC:
            return BasicAuth(server.auth.username, read_secret(server))
        case AuthKind.BEARER:
            return BearerAuth(read_secret(server))
        case AuthKind.CLIENT_SECRET | AuthKind.BACKEND_SERVICES:
            return TokenAuth(shared_tokens(server))


def build_tls(server: Server) -> Tls:
    """Return the certificates that we trust and the certificate that we present."""
    files = (server.ca_file, server.certificate_file, server.certificate_key_file)
    return Tls(*(None if path is None else str(path) for path in files))


# The cache lets all threads of the process share one server's tokens. Each thread builds its own
# clients, and a token endpoint may limit how many tokens it issues.
@cache
def shared_tokens(server: Server) -> TokenCache:
    """Return the tokens for a server whose `auth` is client-secret or backend-services."""
    return TokenCache(
        server.base_url,
        _build_credential(server),
        token_url=server.auth.token_url,
        scopes=server.auth.scopes,
        timeout=server.timeout.total_seconds(),
        tls=build_tls(server),
    )


def _build_credential(server: Server) -> Credential:
    # The credential reads its file again for each new token. The administrator can replace a
    # secret or a key without a restart.
    if server.auth.kind is AuthKind.CLIENT_SECRET:
        return ClientSecret(server.auth.client_id, lambda: read_secret(server))
    return PrivateKeyJwt(
        server.auth.client_id, lambda: read_signing_keys(server), server.auth.key_id
    )


def read_secret(server: Server) -> str:
    """Return the password, token or client secret; raises AccessError."""
    raw = _read_file("secret", server, server.auth.secret_file)
    secret = raw.decode(errors="replace").strip()
    # A second line or a control character would break the Authorization header.
    if not secret or not secret.isprintable():
        raise AccessError(
            f"The secret of server {server.id} in {server.auth.secret_file} "
            "must be one line of text."
        )
    return secret


def read_signing_keys(server: Server) -> tuple[SigningKey, ...]:
    """Return the keys that sign our token requests, newest last; raises AccessError."""
    try:
        return parse_keys(_read_file("key", server, server.auth.key_file), server.auth.key_id)
    except KeyFileError as error:
        raise AccessError(
            f"The key of server {server.id} in {server.auth.key_file} cannot be used: {error}."
        ) from None


def _read_file(content: str, server: Server, path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path is not None else b""
    except OSError:
        raise AccessError(
            f"The {content} of server {server.id} cannot be read from {path}."
        ) from None
