"""What shows a token endpoint who we are: a signed assertion, or a secret that both sides know."""

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
LIFE = timedelta(minutes=4)
"""SMART allows five minutes; the last one is left for a clock of ours that is fast."""

TRIED = 2
"""How many keys are shown: the newest, and the one before where the server does not know the newest yet."""

BASIC, POST = "client_secret_basic", "client_secret_post"


@dataclass(frozen=True, slots=True, repr=False)
class ClientProof:
    """What goes into the request for a token; `key_id` names the key that signed, where one did."""

    form: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    key_id: str = ""


class Credential(Protocol):
    """What we are known by. `advice` says what a person compares where a server does not know us."""

    @property
    def advice(self) -> str:
        """What a person compares where a server does not know us."""

    def client_proofs(self, endpoint: TokenEndpoint, now: datetime) -> Iterator[ClientProof]:
        """Yield what to show, best first; raises AccessFault where it cannot be read."""


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKeyJwt:
    """Keys of ours, whose public halves the server has (RFC 7523, SMART Backend Services).

    `keys` gives them in their order of age; `signer` names the one that signs, else the newest does.
    """

    client_id: str
    keys: Callable[[], tuple[SigningKey, ...]]
    signer: str = ""

    @property
    def advice(self) -> str:
        """What a person compares where a server does not know us."""
        return "client_id, our public keys as the EHR has them, and both clocks"

    def client_proofs(self, endpoint: TokenEndpoint, now: datetime) -> Iterator[ClientProof]:
        """Yield an assertion by the newest key, and then by the one before."""
        for key in self._signing()[:TRIED]:
            assertion = self._assertion(endpoint.url, key, now)
            yield ClientProof(
                {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion},
                key_id=key.id,
            )

    def _signing(self) -> list[SigningKey]:
        held = self.keys()
        if not self.signer:
            return list(reversed(held))
        if named := [key for key in held if key.id == self.signer]:
            return named
        raise AccessError(
            f"There is no key {self.signer} in the key file; it has {', '.join(key.id for key in held)}."
        )

    def _assertion(self, audience: str, key: SigningKey, now: datetime) -> str:
        # Without iat and nbf, which SMART does not ask for: a server whose clock is behind ours would refuse them.
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "exp": int((now + LIFE).timestamp()),
            "jti": str(uuid4()),
        }
        return jwt.encode(
            {"alg": key.algorithm, "kid": key.id}, claims, key.pair, algorithms=[key.algorithm]
        )


@dataclass(frozen=True, slots=True, repr=False)
class ClientSecret:
    """A secret that both sides know (RFC 6749, 2.3.1)."""

    client_id: str
    secret: Callable[[], str]

    @property
    def advice(self) -> str:
        """What a person compares where a server does not know us."""
        return "client_id and the secret"

    def client_proofs(self, endpoint: TokenEndpoint, now: datetime) -> Iterator[ClientProof]:  # noqa: ARG002
        """Yield the secret in the header, or in the form where the server says that it takes it only there."""
        secret = self.secret()
        if POST in endpoint.methods and BASIC not in endpoint.methods:
            yield ClientProof({"client_id": self.client_id, "client_secret": secret})
            return
        pair = base64.b64encode(
            f"{quote_plus(self.client_id)}:{quote_plus(secret)}".encode()
        ).decode()
        yield ClientProof({}, {"Authorization": f"Basic {pair}"})
