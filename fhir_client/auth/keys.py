"""The keys that sign for us: read from PEM, a JWK or a JWK Set, made, and published (RFC 7517; SMART Backend Services)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

ES384, RS384 = "ES384", "RS384"
ALGORITHMS = (ES384, RS384)
"""What SMART Backend Services has every server support one of (SMART App Launch 2.2, client-confidential-asymmetric)."""

CURVE, RSA_BITS, LEAST_RSA_BITS = "P-384", 3072, 2048
PEM_START = b"-----BEGIN "


class KeyFileError(ValueError):
    """This is no key that can sign for us; the words say what is the matter and quote nothing of it."""


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key; `id` is its kid, by which a server finds the public one."""

    id: str
    algorithm: str
    pair: ECKey | RSAKey

    def public_jwk(self) -> dict[str, Any]:
        """Return the public half as a JWK."""
        return {
            **self.pair.as_dict(private=False),
            "kid": self.id,
            "use": "sig",
            "alg": self.algorithm,
        }

    def private_jwk(self) -> dict[str, Any]:
        """Return the whole key as a JWK, for its file."""
        return {
            **self.pair.as_dict(private=True),
            "kid": self.id,
            "use": "sig",
            "alg": self.algorithm,
        }


def generate_key(algorithm: str) -> SigningKey:
    """Return a new key whose id is its thumbprint (RFC 7638)."""
    pair = _pair(algorithm)
    # One thumbprint in 64 begins with a dash, and would be taken for an option wherever somebody types or pastes it.
    while pair.thumbprint().startswith("-"):
        pair = _pair(algorithm)
    return SigningKey(pair.thumbprint(), algorithm, pair)


def _pair(algorithm: str) -> ECKey | RSAKey:
    # The library writes keys of other uses as well; these two are the ones that SMART names.
    return ECKey.generate_key(CURVE) if algorithm == ES384 else RSAKey.generate_key(RSA_BITS)


def jwk_set(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """Return the public JWK Set, which is handed to the EHR or served to it."""
    return {"keys": [key.public_jwk() for key in keys]}


# A key of 3072 bits takes a tenth of a second to read, and the same file is read again for each new token.
@lru_cache(maxsize=16)
def parse_keys(raw: bytes, key_id: str = "") -> tuple[SigningKey, ...]:
    """Return the keys of a file, in its order: one as PEM or JWK, or a JWK Set of which the last is the newest.

    `key_id` names a PEM key, or one that has no kid of its own; without it its thumbprint does. Raises KeyFault.
    """
    if raw.lstrip().startswith(PEM_START):
        return (_key(_pem(raw), {"kid": key_id}),)
    try:
        held = json.loads(raw)
    except ValueError:
        raise KeyFileError("it is neither PEM nor JSON") from None
    members = held.get("keys", [held]) if isinstance(held, dict) else None
    if not isinstance(members, list) or not members:
        raise KeyFileError("a JWK Set has a list of keys, the newest last")
    found = tuple(_key(_jwk(each), {"kid": key_id, **each}) for each in members)
    if len({key.id for key in found}) < len(found):
        raise KeyFileError("two of its keys have the same kid")
    return found


def _pem(raw: bytes) -> ECKey | RSAKey:
    for kind in (ECKey, RSAKey):
        try:
            return kind.import_key(raw)
        except (JoseError, ValueError, TypeError):
            continue
    raise KeyFileError(
        "its PEM holds no private key of the kinds EC and RSA that opens without a password"
    )


def _jwk(raw: Any) -> ECKey | RSAKey:
    kind = raw.get("kty") if isinstance(raw, dict) else None
    try:
        if kind == "EC":
            return ECKey.import_key(raw)
        if kind == "RSA":
            return RSAKey.import_key(raw)
    except (JoseError, KeyError, TypeError, ValueError):
        pass
    raise KeyFileError("a JWK in it is no key of the kinds EC and RSA")


def _key(pair: ECKey | RSAKey, said: dict[str, Any]) -> SigningKey:
    if not pair.is_private:
        raise KeyFileError("it holds a public key, and only a private one can sign")
    algorithm = ES384 if isinstance(pair, ECKey) else RS384
    if isinstance(pair, ECKey) and pair.curve_name != CURVE:
        raise KeyFileError(f"an EC key has to be on the curve {CURVE}, for ES384")
    if isinstance(pair, RSAKey) and pair.raw_value.key_size < LEAST_RSA_BITS:
        raise KeyFileError(f"an RSA key has to have {LEAST_RSA_BITS} bits or more, for RS384")
    if said.get("alg", algorithm) != algorithm:
        raise KeyFileError(f"its alg has to be {algorithm}")
    return SigningKey(str(said.get("kid") or pair.thumbprint()), algorithm, pair)
