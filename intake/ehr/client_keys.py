"""The keys that sign for us at the FHIR servers: made, added to, taken away, and their public halves for the EHR."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fhir_client.auth.keys import KeyFileError, SigningKey, generate_key, parse_keys
from fhir_client.auth.keys import jwk_set as public_set
from fhir_client.errors import AccessError
from intake.ehr.credentials import read_signing_keys
from intake.log import logger
from intake.settings import AuthKind, Server, Settings
from intake.store import private_files


class ClientKeyError(Exception):
    """The key file is not as the command needs it; the words say what to do."""


def create_key_file(server: Server, algorithm: str) -> Path:
    """Write a key file with one new key; raises ClientKeyFault rather than lose the old one."""
    path = _path(server)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        private_files.create_file(path, _held([generate_key(algorithm)]))
    except FileExistsError:
        raise ClientKeyError(f"{path}: there is a key already; `rotate` adds a newer one") from None
    return path


def rotate_key(server: Server, algorithm: str) -> SigningKey:
    """Add a key that signs from now on; the old ones stay published, and sign where the EHR does not know the new one yet."""
    fresh = generate_key(algorithm)
    private_files.replace_file(_path(server), _held([*_ours(server), fresh]))
    return fresh


def remove_key(server: Server, key_id: str) -> None:
    """Take a key out of the file: it signs no more and is published no more."""
    held = _ours(server)
    left = [key for key in held if key.id != key_id]
    if len(left) == len(held):
        raise ClientKeyError(
            f"{_path(server)}: there is no key {key_id}; it has {', '.join(key.id for key in held)}"
        )
    if not left:
        raise ClientKeyError(
            f"{_path(server)}: this is the only key, without which nothing is written; `rotate` first"
        )
    private_files.replace_file(_path(server), _held(left))


def public_key_set(servers: Iterable[Server]) -> dict[str, Any]:
    """Return the public JWK Set of all these servers' clients, each key once; raises ClientKeyFault."""
    try:
        keys = {key.id: key for server in servers for key in read_signing_keys(server)}
    except AccessError as fault:
        raise ClientKeyError(fault.message) from None
    return public_set(keys.values())


def site_key_set(settings: Settings) -> dict[str, Any] | None:
    """Return the public JWK Set of the site; None where a key file cannot be read, for a part of it would mislead an EHR."""
    using = [
        each for each in settings.servers.values() if each.auth.kind is AuthKind.BACKEND_SERVICES
    ]
    try:
        return public_key_set(using)
    except ClientKeyError:
        logger.error("client-keys-unreadable")
        return None


def _path(server: Server) -> Path:
    if server.auth.key_file is None:
        table = f"[servers.{server.id}] in intake.toml"
        raise ClientKeyError(
            f'{table} names no key_file; add one, such as key_file = "client-{server.id}.json"'
        )
    return server.auth.key_file


def _ours(server: Server) -> tuple[SigningKey, ...]:
    """Return the keys of a JWK Set; a file of another kind is the site's own, which is not rewritten."""
    path = _path(server)
    try:
        raw = path.read_bytes()
        held = parse_keys(raw)
    except OSError:
        raise ClientKeyError(
            f"{path}: cannot be read; `new` makes one where there is none yet"
        ) from None
    except KeyFileError as fault:
        raise ClientKeyError(f"{path}: {fault}") from None
    if not raw.lstrip().startswith(b"{") or "keys" not in json.loads(raw):
        raise ClientKeyError(
            f"{path}: this is no JWK Set but a single key of your own; name another file, and make it `new`"
        )
    return held


def _held(keys: Iterable[SigningKey]) -> bytes:
    return json.dumps({"keys": [key.private_jwk() for key in keys]}, indent=1).encode()
