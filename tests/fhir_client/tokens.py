"""A FHIR server and its token endpoint, answering as a test tells them to, and the credentials that we show them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from fhir_client.auth.credentials import ClientSecret, PrivateKeyJwt
from fhir_client.auth.keys import Key, make
from fhir_client.auth.tokens import Tokens
from fhir_client.errors import FhirError
from tests.listening import Heard, Listening, Said

SECRET = "a: s3cret & more"
KEYS = (make("ES384"), make("ES384"), make("ES384"))
WELL_KNOWN = "/fhir/.well-known/smart-configuration"
HTML = {"Content-Type": "text/html"}


def said(body: dict[str, Any], status: int = 200, **headers: str) -> Said:
    return Said(
        status,
        json.dumps(body).encode(),
        {key.replace("_", "-"): value for key, value in headers.items()},
    )


def refusal(code: str, status: int = 400) -> Said:
    return said(
        {"error": code, "error_description": f"{SECRET} is wrong", "error_uri": SECRET}, status
    )


@dataclass
class Site:
    """A FHIR server and its token endpoint at one address; what a test changes is answered from then on."""

    server: Listening
    configuration: dict[str, Any] = field(default_factory=dict)
    answer: Callable[[Heard], Said] | None = None
    life: int | str | None = 300
    good: set[str] = field(default_factory=set)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def base(self) -> str:
        return f"{self.server.url}/fhir"

    @property
    def asked(self) -> list[Heard]:
        return self.server.to("/token")

    def respond(self, heard: Heard) -> Said:
        if heard.path == WELL_KNOWN:
            return said(self.configuration) if self.configuration else Said(404)
        if heard.path == "/token":
            return self.answer(heard) if self.answer else self.token()
        known = heard.headers.get("Authorization", "").removeprefix("Bearer ") in self.good
        return said({"resourceType": "Patient", "id": "1"}) if known else Said(401)

    def token(self, **more: Any) -> Said:
        value = f"token-{len(self.asked)}"
        self.good.add(value)
        life = {} if self.life is None else {"expires_in": self.life}
        return said({"access_token": value, "token_type": "bearer", **life, **more})

    def tokens(
        self, credential: PrivateKeyJwt | ClientSecret | None = None, **changes: Any
    ) -> Tokens:
        return Tokens(
            self.base, credential or signing(), **{"timeout": 5, "now": lambda: self.now, **changes}
        )


def signing(keys: tuple[Key, ...] = KEYS[:1], signer: str = "") -> PrivateKeyJwt:
    return PrivateKeyJwt("intake", lambda: keys, signer)


def knowing(*secret: str) -> ClientSecret:
    return ClientSecret("in:take", lambda: secret[0] if secret else SECRET)


def fault(tokens: Tokens) -> FhirError:
    with pytest.raises(FhirError) as caught:
        tokens.grant()
    assert SECRET not in caught.value.words
    assert caught.value.words.endswith(".")
    return caught.value
