"""Proves the client's identity by a signed assertion or a shared secret."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote_plus
from uuid import uuid4

from joserfc import jwt

from fhir_client.auth.discovery import TokenEndpoint
from fhir_client.auth.keys import SigningKey
from fhir_client.errors import AccessError

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# SMART allows five minutes; one is left for a clock of ours that is fast.
ASSERTION_LIFETIME = timedelta(minutes=4)

# The server may not have the newest key yet, so the one before it is tried, too.
MAX_KEYS_TRIED = 2

BASIC, POST = "client_secret_basic", "client_secret_post"


@dataclass(frozen=True, slots=True, repr=False)
class ClientProof:
    """The part of a token request that proves who we are.

    `key_id` names the signing key.
    """

    form: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    key_id: str = ""


class Credential(Protocol):
    """How a token endpoint recognises the client."""

    @property
    def advice(self) -> str:
        """What an administrator compares where the server does not recognise the client."""

    def client_proofs(self, endpoint: TokenEndpoint, now: datetime) -> Iterator[ClientProof]:
        """Yield the proofs to try, best first; raises AccessError for an unreadable file."""


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKeyJwt:
    """Our signing keys (RFC 7523, SMART Backend Services).

    The server has their public halves.

    `keys` returns them oldest first. `signer` names the key that signs, else the newest signs.
    """

    client_id: str
    keys: Callable[[], tuple[SigningKey, ...]]
    signer: str = ""

    @property
    def advice(self) -> str:
        """What an administrator compares where the server does not recognise the client."""
        return "client_id, our public keys as the EHR has them, and both clocks"

    def client_proofs(self, endpoint: TokenEndpoint, now: datetime) -> Iterator[ClientProof]:
        """Yield an assertion by the newest key, and then by the one before."""
        for key in self._signing_keys()[:MAX_KEYS_TRIED]:
            assertion = self._sign_assertion(endpoint.url, key, now)
            yield ClientProof(
                {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion},
                key_id=key.id,
            )

    def _signing_keys(self) -> list[SigningKey]:
        keys = self.keys()
        if not self.signer:
            return list(reversed(keys))
        if named_keys := [key for key in keys if key.id == self.signer]:
            return named_keys
        ids = ", ".join(key.id for key in keys)
        raise AccessError(f"There is no key {self.signer} in the key file; it has {ids}.")

    def _sign_assertion(self, audience: str, key: SigningKey, now: datetime) -> str:
        # SMART does not ask for iat and nbf. A server with a clock behind ours would refuse them.
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "exp": int((now + ASSERTION_LIFETIME).timestamp()),
            "jti": str(uuid4()),
        }
        return jwt.encode(
            {"alg": key.algorithm, "kid": key.id}, claims, key.pair, algorithms=[key.algorithm]
        )


@dataclass(frozen=True, slots=True, repr=False)
class ClientSecret:
    """A secret that the client shares with the token endpoint (RFC 6749, 2.3.1)."""

    client_id: str
    secret: Callable[[], str]

    @property
    def advice(self) -> str:
        """What an administrator compares where the server does not recognise the client."""
        return "client_id and the secret"

    def client_proofs(self, endpoint: TokenEndpoint, now: datetime) -> Iterator[ClientProof]:  # noqa: ARG002
        """Yield the secret in the header.

        It goes into the form where the server takes it only there.
        """
        secret = self.secret()
        if POST in endpoint.methods and BASIC not in endpoint.methods:
            yield ClientProof({"client_id": self.client_id, "client_secret": secret})
            return
        # RFC 6749 asks for form encoding before base64, so that a colon in the id splits nothing.
        pair = base64.b64encode(
            f"{quote_plus(self.client_id)}:{quote_plus(secret)}".encode()
        ).decode()
        yield ClientProof({}, {"Authorization": f"Basic {pair}"})
