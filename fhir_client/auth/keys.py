"""Parses, generates and publishes signing keys (RFC 7517)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

# SMART requires every server to support one of these two (SMART App Launch 2.2,
# client-confidential-asymmetric).
ES384, RS384 = "ES384", "RS384"

CURVE, RSA_BITS, LEAST_RSA_BITS = "P-384", 3072, 2048
PEM_START = b"-----BEGIN "


class KeyFileError(ValueError):
    """The content is no signing key; the message quotes nothing of it."""


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key; `id` is its kid, by which a server finds the public half."""

    id: str
    algorithm: str
    pair: ECKey | RSAKey

    def public_jwk(self) -> dict[str, Any]:
        """Return the public half as a JWK."""
        return self._jwk(private=False)

    def private_jwk(self) -> dict[str, Any]:
        """Return the whole key as a JWK, for its file."""
        return self._jwk(private=True)

    def _jwk(self, *, private: bool) -> dict[str, Any]:
        return {
            **self.pair.as_dict(private=private),
            "kid": self.id,
            "use": "sig",
            "alg": self.algorithm,
        }


def generate_key(algorithm: str) -> SigningKey:
    """Return a new key with its thumbprint as id (RFC 7638)."""
    pair = _generate_pair(algorithm)
    # People paste the id into commands. One thumbprint in 64 begins with a dash, and a command
    # line would take it for an option.
    while pair.thumbprint().startswith("-"):
        pair = _generate_pair(algorithm)
    return SigningKey(pair.thumbprint(), algorithm, pair)


def _generate_pair(algorithm: str) -> ECKey | RSAKey:
    return ECKey.generate_key(CURVE) if algorithm == ES384 else RSAKey.generate_key(RSA_BITS)


def jwk_set(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """Return the public JWK Set, which the EHR gets as a file or fetches."""
    return {"keys": [key.public_jwk() for key in keys]}


# Parsing a key of 3072 bits takes a tenth of a second, and each new token reads the same file.
@lru_cache(maxsize=16)
def parse_keys(raw: bytes, key_id: str = "") -> tuple[SigningKey, ...]:
    """Return the keys in a file's content, in its order.

    The content is one key as PEM or JWK, or a JWK Set with the newest key last. `key_id` names a
    key without a kid of its own; without it the key's thumbprint does. Raises KeyFileError.
    """
    if raw.lstrip().startswith(PEM_START):
        return (_signing_key(_parse_pem(raw), {"kid": key_id}),)
    try:
        content = json.loads(raw)
    except ValueError:
        raise KeyFileError("it is neither PEM nor JSON") from None
    members = content.get("keys", [content]) if isinstance(content, dict) else None
    if not isinstance(members, list) or not members:
        raise KeyFileError("a JWK Set has a list of keys, the newest last")
    keys = tuple(_signing_key(_parse_jwk(jwk), {"kid": key_id, **jwk}) for jwk in members)
    if len({key.id for key in keys}) < len(keys):
        raise KeyFileError("two of its keys have the same kid")
    return keys


def _parse_pem(raw: bytes) -> ECKey | RSAKey:
    for key_class in (ECKey, RSAKey):
        try:
            return key_class.import_key(raw)
        except (JoseError, ValueError, TypeError):
            continue
    raise KeyFileError("its PEM holds no private key, EC or RSA, that opens without a password")


def _parse_jwk(raw: Any) -> ECKey | RSAKey:
    key_type = raw.get("kty") if isinstance(raw, dict) else None
    try:
        if key_type == "EC":
            return ECKey.import_key(raw)
        if key_type == "RSA":
            return RSAKey.import_key(raw)
    except (JoseError, KeyError, TypeError, ValueError):
        pass
    raise KeyFileError("a JWK in it is no EC or RSA key")


def _signing_key(pair: ECKey | RSAKey, header: dict[str, Any]) -> SigningKey:
    if not pair.is_private:
        raise KeyFileError("it holds a public key, and only a private one can sign")
    algorithm = ES384 if isinstance(pair, ECKey) else RS384
    if isinstance(pair, ECKey) and pair.curve_name != CURVE:
        raise KeyFileError(f"an EC key has to be on the curve {CURVE}, for ES384")
    if isinstance(pair, RSAKey) and pair.raw_value.key_size < LEAST_RSA_BITS:
        raise KeyFileError(f"an RSA key has to have {LEAST_RSA_BITS} bits or more, for RS384")
    if header.get("alg", algorithm) != algorithm:
        raise KeyFileError(f"its alg has to be {algorithm}")
    return SigningKey(str(header.get("kid") or pair.thumbprint()), algorithm, pair)
