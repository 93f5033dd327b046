"""Encryption at rest with AES-256-GCM, bound to the row, and keyed hashes for look-ups."""

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
"""The first byte of every ciphertext; then come the key's id, the nonce and the encrypted bytes."""


class KeyFileError(Exception):
    """The key file is missing, readable by other users, or malformed; or it lacks a row's key."""


class KeyNotOnDiskError(KeyFileError):
    """The key file was deleted or replaced while the process runs with its key."""


class KeyFile:
    """The key file of a running process.

    The process reads the file again when a row needs a key that another process has added.
    """

    def __init__(self, path: Path) -> None:
        """Read the file; raises KeyFileError with the remedy."""
        self._path, self._lock = path, Lock()
        self._stamp, self.keys = _file_stamp(path), _read_keys(path)

    def find_key(self, key_id: bytes) -> bytes | None:
        """Return the key with this id, None if the file has none.

        Raises KeyFileError if the file has changed and cannot be read.
        """
        return self.keys.get(key_id) or self._reload_changed().get(key_id)

    def verify_on_disk(self, *key_ids: bytes) -> None:
        """Raise KeyNotOnDiskError unless the file on disk holds these keys of the process."""
        try:
            # The file may be replaced without a change of its size or time, so it is read.
            on_disk = _parse_keys(self._path)
        except (FileNotFoundError, KeyFileError):
            raise KeyNotOnDiskError(f"{self._path}: the key file is gone or damaged") from None
        if any(on_disk.get(key_id) != self.keys[key_id] for key_id in key_ids):
            raise KeyNotOnDiskError(f"{self._path}: the key file does not hold the key in use")

    def _reload_changed(self) -> Mapping[bytes, bytes]:
        with self._lock:
            stamp = _file_stamp(self._path)
            # A missing key is looked up for every row that it encrypted, so read the file only if
            # it has changed. A deleted file leaves the process with the keys that it has.
            if stamp not in (None, self._stamp):
                self.keys, self._stamp = {**self.keys, **_read_keys(self._path)}, stamp
            return self.keys


@dataclass(frozen=True, slots=True)
class Cipher:
    """The keys of an installation.

    `newest` is the id of the key that encrypts. Every key decrypts. `root`, the first key, derives
    the keys for other purposes, so these survive a rotation.
    """

    file: KeyFile
    newest: bytes
    root: bytes

    def verify_on_disk(self) -> None:
        """Raise KeyNotOnDiskError unless the key file on disk holds the keys in use.

        What is stored without them cannot be decrypted after the end of this process.
        """
        root_id = next(key_id for key_id, key in self.file.keys.items() if key == self.root)
        self.file.verify_on_disk(root_id, self.newest)

    def encrypt(self, plain: bytes, bound_to: str) -> bytes:
        """Return `plain` encrypted; it can be decrypted only for the row `bound_to`."""
        nonce = os.urandom(NONCE_BYTES)
        header = FORMAT + self.newest + nonce
        # The row's id is authenticated too, so that two rows cannot swap contents.
        return header + AESGCM(self.file.keys[self.newest]).encrypt(nonce, plain, bound_to.encode())

    def decrypt(self, encrypted: bytes, bound_to: str) -> bytes:
        """Return what was encrypted for the row `bound_to`.

        Raises KeyFileError if the key is missing or the row does not fit.
        """
        id_end, nonce_end = 1 + ID_BYTES, 1 + ID_BYTES + NONCE_BYTES
        key_id, nonce = encrypted[1:id_end], encrypted[id_end:nonce_end]
        key = self.file.find_key(key_id)
        if encrypted[:1] != FORMAT or key is None:
            raise KeyFileError(
                f"row {bound_to} was encrypted with key {key_id.hex()}, "
                "which is not in the key file"
            )
        try:
            return AESGCM(key).decrypt(nonce, encrypted[nonce_end:], bound_to.encode())
        except InvalidTag:
            raise KeyFileError(
                f"row {bound_to} cannot be decrypted: it was changed, or belongs to another row"
            ) from None

    def derive_key(self, purpose: str) -> bytes:
        """Return the 32-byte key for `purpose`, such as signing cookies; it never changes."""
        return _derive(self.root, purpose)

    def keyed_hash(self, purpose: str, value: str) -> str:
        """Return a keyed hash of `value` in hex.

        Equal values have equal hashes, and a hash cannot be guessed without the key.
        """
        return hmac.new(self.derive_key(purpose), value.encode(), sha256).hexdigest()


# Cached, because there are only a dozen purposes and every page needs one of them.
@cache
def _derive(root: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(root)


def load_keys(path: Path) -> Cipher:
    """Return the keys in the file at `path`; raises KeyFileError with the remedy."""
    file = KeyFile(path)
    # Keys are in the order of their creation.
    ids = list(file.keys)
    return Cipher(file, newest=ids[-1], root=file.keys[ids[0]])


def _file_stamp(path: Path) -> tuple[int, int, int] | None:
    """Return values that differ after the file was replaced or written; None if it is missing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _read_keys(path: Path) -> Mapping[bytes, bytes]:
    """Return the keys by id, oldest first."""
    try:
        mode = path.stat().st_mode
        keys = _parse_keys(path)
    except FileNotFoundError:
        raise KeyFileError(
            f"{path}: there is no key file yet; `intake keys new` makes one"
        ) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise KeyFileError(f"{path}: others can read the key; `chmod 600` it")
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise KeyFileError(f"{path}: a key of 32 bytes is needed")
    return keys


def _parse_keys(path: Path) -> Mapping[bytes, bytes]:
    """Return the keys by id, oldest first; raises FileNotFoundError and KeyFileError."""
    try:
        entries = json.loads(path.read_text("utf-8"))["keys"]
        return {bytes.fromhex(entry["id"]): base64.b64decode(entry["key"]) for entry in entries}
    except FileNotFoundError:
        raise
    # The error's own text could quote a key, so only its type is named.
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"{path}: this is no key file of ours: {type(error).__name__}") from None


def create_keys(path: Path) -> None:
    """Write a key file with one new key; raises KeyFileError if there is a file already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        private_files.create_file(path, _encode_content({"keys": [_new_key()]}))
    except FileExistsError:
        # Overwriting it would make every stored answer unreadable.
        raise KeyFileError(
            f"{path}: there is a key already, which decrypts what is stored; "
            "`intake keys rotate` adds a newer one"
        ) from None


def rotate_keys(path: Path) -> None:
    """Add a key, which encrypts from now on; the old keys stay for decryption."""
    load_keys(path)
    content = json.loads(path.read_text("utf-8"))
    content["keys"].append(_new_key())
    private_files.replace_file(path, _encode_content(content))


def read_site_id(path: Path) -> str | None:
    """Return the id of the site that uses the key file; None before its first start."""
    site_id = json.loads(path.read_text("utf-8")).get("site")
    return None if site_id is None else str(site_id)


def save_site_id(path: Path, site_id: str) -> None:
    """Write the id of the site that uses the key file into it."""
    content = json.loads(path.read_text("utf-8"))
    private_files.replace_file(path, _encode_content({**content, "site": site_id}))


def _new_key() -> dict[str, str]:
    return {
        "id": os.urandom(ID_BYTES).hex(),
        "key": base64.b64encode(os.urandom(KEY_BYTES)).decode(),
    }


def _encode_content(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, indent=1).encode()
