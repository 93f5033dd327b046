"""A stub FHIR server with a token endpoint, and the client's credentials for it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from fhir_client.auth.credentials import ClientSecret, PrivateKeyJwt
from fhir_client.auth.keys import SigningKey, generate_key
from fhir_client.auth.tokens import TokenCache
from fhir_client.errors import FhirError
from tests.support.stub_server import StubRequest, StubResponse, StubServer

SECRET = "a: s3cret & more"
KEYS = (generate_key("ES384"), generate_key("ES384"), generate_key("ES384"))
WELL_KNOWN = "/fhir/.well-known/smart-configuration"
HTML = {"Content-Type": "text/html"}


def json_answer(body: dict[str, Any], status: int = 200, **headers: str) -> StubResponse:
    return StubResponse(
        status,
        json.dumps(body).encode(),
        {key.replace("_", "-"): value for key, value in headers.items()},
    )


def oauth_refusal(code: str, status: int = 400) -> StubResponse:
    return json_answer(
        {"error": code, "error_description": f"{SECRET} is wrong", "error_uri": SECRET}, status
    )


@dataclass
class TokenSite:
    """A FHIR server and its token endpoint at one address; a test may change its responses."""

    server: StubServer
    configuration: dict[str, Any] = field(default_factory=dict)
    answer: Callable[[StubRequest], StubResponse] | None = None
    life: int | str | None = 300
    good: set[str] = field(default_factory=set)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def base(self) -> str:
        return f"{self.server.url}/fhir"

    @property
    def asked(self) -> list[StubRequest]:
        return self.server.requests_to("/token")

    def respond(self, heard: StubRequest) -> StubResponse:
        if heard.path == WELL_KNOWN:
            return json_answer(self.configuration) if self.configuration else StubResponse(404)
        if heard.path == "/token":
            return self.answer(heard) if self.answer else self.token()
        is_known = heard.headers.get("Authorization", "").removeprefix("Bearer ") in self.good
        return (
            json_answer({"resourceType": "Patient", "id": "1"}) if is_known else StubResponse(401)
        )

    def token(self, **more: Any) -> StubResponse:
        value = f"token-{len(self.asked)}"
        self.good.add(value)
        life = {} if self.life is None else {"expires_in": self.life}
        return json_answer({"access_token": value, "token_type": "bearer", **life, **more})

    def tokens(
        self, credential: PrivateKeyJwt | ClientSecret | None = None, **changes: Any
    ) -> TokenCache:
        return TokenCache(
            self.base,
            credential or key_credential(),
            **{"timeout": 5, "now": lambda: self.now, **changes},
        )


def key_credential(keys: tuple[SigningKey, ...] = KEYS[:1], signer: str = "") -> PrivateKeyJwt:
    return PrivateKeyJwt("intake", lambda: keys, signer)


def secret_credential(*secret: str) -> ClientSecret:
    return ClientSecret("in:take", lambda: secret[0] if secret else SECRET)


def token_error(tokens: TokenCache) -> FhirError:
    with pytest.raises(FhirError) as caught:
        tokens.current_grant()
    assert SECRET not in caught.value.message
    assert caught.value.message.endswith(".")
    return caught.value
