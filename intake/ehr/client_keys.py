"""The keys that sign our token requests, and the public JWK Set for the EHR."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fhir_client.auth.keys import KeyFileError, SigningKey, generate_key, jwk_set, parse_keys
from fhir_client.errors import AccessError
from intake.ehr.credentials import read_signing_keys
from intake.log import logger
from intake.settings import AuthKind, Server, Settings
from intake.store import private_files


class ClientKeyError(Exception):
    """A key file does not allow what the command asks; the message says what to do."""


def create_key_file(server: Server, algorithm: str) -> Path:
    """Write a key file with one new key; raises ClientKeyError if the file exists."""
    path = _key_path(server)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        private_files.create_file(path, _encode_keys([generate_key(algorithm)]))
    except FileExistsError:
        raise ClientKeyError(
            f"{path}: this file has a key already; `rotate` adds a newer one"
        ) from None
    return path


def rotate_key(server: Server, algorithm: str) -> SigningKey:
    """Add a key that signs from now on.

    The older keys stay published, because the EHR may not have the new public key yet. Until it
    has, they also still sign.
    """
    new_key = generate_key(algorithm)
    keys = [*_read_key_set(server), new_key]
    private_files.replace_file(_key_path(server), _encode_keys(keys))
    return new_key


def remove_key(server: Server, key_id: str) -> None:
    """Remove a key from the file, so that it is no longer used or published."""
    keys = _read_key_set(server)
    remaining = [key for key in keys if key.id != key_id]
    if len(remaining) == len(keys):
        raise ClientKeyError(
            f"{_key_path(server)}: this file has no key {key_id}; "
            f"it has {', '.join(key.id for key in keys)}"
        )
    if not remaining:
        raise ClientKeyError(
            f"{_key_path(server)}: this is the only key, and the worker needs one to write; "
            "`rotate` first"
        )
    private_files.replace_file(_key_path(server), _encode_keys(remaining))


def public_key_set(servers: Iterable[Server]) -> dict[str, Any]:
    """Return the public JWK Set of these servers' clients, without duplicates.

    Raises ClientKeyError.
    """
    try:
        keys = {key.id: key for server in servers for key in read_signing_keys(server)}
    except AccessError as error:
        raise ClientKeyError(error.message) from None
    return jwk_set(keys.values())


def site_key_set(settings: Settings) -> dict[str, Any] | None:
    """Return the public JWK Set of the site, or None if a key file is unreadable."""
    servers = [
        server
        for server in settings.servers.values()
        if server.auth.kind is AuthKind.BACKEND_SERVICES
    ]
    try:
        return public_key_set(servers)
    except ClientKeyError:
        # An EHR that fetches an incomplete set would reject signatures of the missing keys.
        logger.error("client-keys-unreadable")
        return None


def _key_path(server: Server) -> Path:
    if server.auth.key_file is None:
        table = f"[servers.{server.id}] in intake.toml"
        raise ClientKeyError(
            f'{table} names no key_file; add one, such as key_file = "client-{server.id}.json"'
        )
    return server.auth.key_file


def _read_key_set(server: Server) -> tuple[SigningKey, ...]:
    """Return the keys of a JWK Set; raises ClientKeyError for any other kind of file."""
    path = _key_path(server)
    try:
        raw = path.read_bytes()
        keys = parse_keys(raw)
    except OSError:
        raise ClientKeyError(
            f"{path}: this file cannot be read; if there is none yet, `new` creates it"
        ) from None
    except KeyFileError as error:
        raise ClientKeyError(f"{path}: {error}") from None
    # A PEM file or a single JWK comes from the site's own key management. Rewriting it as a JWK
    # Set could break whatever else reads it.
    if not raw.lstrip().startswith(b"{") or "keys" not in json.loads(raw):
        raise ClientKeyError(
            f"{path}: this file is a single key of your own and not a JWK Set; "
            "name another file in key_file and create it with `new`"
        )
    return keys


def _encode_keys(keys: Iterable[SigningKey]) -> bytes:
    return json.dumps({"keys": [key.private_jwk() for key in keys]}, indent=1).encode()
