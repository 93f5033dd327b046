"""Checks bearer tokens as EHRs do: 401 without a good token, 403 without a scope."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from fhir_client.auth.scopes import Action, ScopeNeed, missing_needs
from intake.clock import system_clock
from tests.support.fault_proxy import Forward, ProxyRequest, ProxyResponse

OUTCOME = b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"security"}]}'
WELL_KNOWN = "/.well-known/smart-configuration"
ACTS = {"GET": Action.READ, "PUT": Action.UPDATE, "PATCH": Action.UPDATE, "POST": Action.CREATE}


@dataclass
class TokenGuard:
    """Checks each request before it is passed on.

    `accepted_tokens` are the tokens that were good; `refused_count` counts the 401s.
    """

    keys: dict[str, Any]
    configuration: dict[str, Any]
    now: Callable[[], datetime] = system_clock
    accepted_tokens: list[str] = field(default_factory=list)
    refused_count: int = 0
    revoked_tokens: set[str] = field(default_factory=set)

    def __call__(self, request: ProxyRequest, forward: Forward) -> ProxyResponse:
        if request.path.endswith(WELL_KNOWN):
            return ProxyResponse(
                200, {"Content-Type": "application/json"}, json.dumps(self.configuration).encode()
            )
        if request.path.endswith("/metadata"):
            return forward(request)
        claims = self._claims(request.headers.get("Authorization", ""))
        if claims is None:
            self.refused_count += 1
            return ProxyResponse(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}, OUTCOME)
        if missing_needs(str(claims.get("scope", "")).split(), needs_of(request)):
            return ProxyResponse(
                403, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}, OUTCOME
            )
        return forward(request)

    def _claims(self, header: str) -> dict[str, Any] | None:
        value = header.removeprefix("Bearer ")
        try:
            keys = KeySet.import_key_set(self.keys)  # type: ignore[arg-type]
            claims = jwt.decode(value, keys, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            return None
        if value in self.revoked_tokens or claims["exp"] <= self.now().timestamp():
            return None
        if value not in self.accepted_tokens:
            self.accepted_tokens.append(value)
        return claims

    def advance_clock(self, **by: float) -> None:
        """Let time pass for the guard alone."""
        moved = self.now() + timedelta(**by) - system_clock()
        self.now = lambda: system_clock() + moved


def needs_of(request: ProxyRequest) -> list[ScopeNeed]:
    """Return the permissions that a request needs; of a Bundle those of all entries."""
    path = urlsplit(request.path).path.split("/fhir/R4")[-1].strip("/")
    if path:
        return [_need(request.method, path)]
    entries = json.loads(request.body)["entry"]
    return [
        _need(entry["request"]["method"], urlsplit(entry["request"]["url"]).path)
        for entry in entries
    ]


def _need(method: str, path: str) -> ScopeNeed:
    kind, _, rest = path.partition("/")
    return ScopeNeed(kind, Action.SEARCH if method == "GET" and not rest else ACTS[method])
