"""Sealing what is kept, with AES-256-GCM bound to the row, and keyed hashes for what must only be found."""

import base64
import hmac
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from intake.store import private_files

KEY_BYTES, NONCE_BYTES, ID_BYTES = 32, 12, 4
FORMAT = b"\x01"


class KeyFileError(Exception):
    """The key file is missing, readable by others, or not ours; or a row was sealed with a key that is not in it."""


class KeyFile:
    """The key file of a running process, which reads it again where a key is asked for that another one has added."""

    def __init__(self, path: Path) -> None:
        """Read it; raises KeyFault with the way out."""
        self._path, self._lock = path, Lock()
        self._stamp, self.keys = _stamp(path), _read_keys(path)

    def find_key(self, key_id: bytes) -> bytes | None:
        """Return the key of that id, None where it is not there; raises KeyFault where the file is new and cannot be read."""
        return self.keys.get(key_id) or self._added().get(key_id)

    def _added(self) -> Mapping[bytes, bytes]:
        with self._lock:
            stamp = _stamp(self._path)
            # A key that is not there is asked for with every row that it sealed: only another file can have it.
            if stamp not in (None, self._stamp):
                self.keys, self._stamp = {**self.keys, **_read_keys(self._path)}, stamp
            return self.keys


@dataclass(frozen=True, slots=True)
class Cipher:
    """The keys of an installation; `newest` is the id of the one that seals, all of them open, the first (`root`) derives."""

    file: KeyFile
    newest: bytes
    root: bytes

    def encrypt(self, plain: bytes, bound_to: str) -> bytes:
        """Return `plain` sealed so that it opens only for the row `bound_to`."""
        nonce = os.urandom(NONCE_BYTES)
        header = FORMAT + self.newest + nonce
        return header + AESGCM(self.file.keys[self.newest]).encrypt(nonce, plain, bound_to.encode())

    def decrypt(self, sealed: bytes, bound_to: str) -> bytes:
        """Return what was sealed for the row `bound_to`; raises KeyFault where key or row do not fit."""
        key_id, nonce = sealed[1 : 1 + ID_BYTES], sealed[1 + ID_BYTES : 1 + ID_BYTES + NONCE_BYTES]
        key = self.file.find_key(key_id)
        if sealed[:1] != FORMAT or key is None:
            raise KeyFileError(
                f"row {bound_to} was sealed with key {key_id.hex()}, which is not in the key file"
            )
        try:
            return AESGCM(key).decrypt(
                nonce, sealed[1 + ID_BYTES + NONCE_BYTES :], bound_to.encode()
            )
        except InvalidTag:
            raise KeyFileError(
                f"row {bound_to} does not open: it was changed, or belongs to another row"
            ) from None

    def derive_key(self, purpose: str) -> bytes:
        """Return 32 bytes of key material for `purpose`, such as the cookies' signature; the same on every call."""
        return _derived(self.root, purpose)

    def keyed_hash(self, purpose: str, value: str) -> str:
        """Return a keyed hash of `value` in hex: equal values can be found, nobody without the key can guess them."""
        return hmac.new(self.derive_key(purpose), value.encode(), sha256).hexdigest()


@cache
def _derived(root: bytes, purpose: str) -> bytes:
    # There are a dozen purposes, and every page asks for one of them.
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(root)


def load_keys(path: Path) -> Cipher:
    """Return the keys of the file at `path`; raises KeyFault with the way out."""
    file = KeyFile(path)
    ids = list(file.keys)
    return Cipher(file, newest=ids[-1], root=file.keys[ids[0]])


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what differs where the file was replaced or written; None where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _read_keys(path: Path) -> Mapping[bytes, bytes]:
    """Return the keys by their ids, the oldest first."""
    try:
        mode = path.stat().st_mode
        held = json.loads(path.read_text("utf-8"))
        keys = {bytes.fromhex(each["id"]): base64.b64decode(each["key"]) for each in held["keys"]}
    except FileNotFoundError:
        raise KeyFileError(
            f"{path}: there is no key file yet; `intake keys new` makes one"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"{path}: this is no key file of ours: {type(error).__name__}") from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise KeyFileError(f"{path}: others can read the key; `chmod 600` it")
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise KeyFileError(f"{path}: a key of 32 bytes is needed")
    return keys


def create_keys(path: Path) -> None:
    """Write a key file with one new key; raises KeyFault rather than lose the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        private_files.create_file(path, _held([_new_key()]))
    except FileExistsError:
        words = "there is a key already, which opens what is stored; `intake keys rotate` adds a newer one"
        raise KeyFileError(f"{path}: {words}") from None


def rotate_keys(path: Path) -> None:
    """Add a key that seals from now on; the old ones stay, to open what they sealed."""
    load_keys(path)
    held = json.loads(path.read_text("utf-8"))["keys"]
    private_files.replace_file(path, _held([*held, _new_key()]))


def _new_key() -> dict[str, str]:
    return {
        "id": os.urandom(ID_BYTES).hex(),
        "key": base64.b64encode(os.urandom(KEY_BYTES)).decode(),
    }


def _held(keys: list[dict[str, str]]) -> bytes:
    return json.dumps({"keys": keys}, indent=1).encode()
