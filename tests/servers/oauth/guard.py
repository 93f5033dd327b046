"""A bearer check before a FHIR server, as EHRs have it: who has no good token gets 401, who lacks a scope 403."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from fhir_client.auth.scopes import Act, Need, missing
from intake.clock import system_clock
from tests.faults import Answered, Asked, Forward

OUTCOME = b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"security"}]}'
WELL_KNOWN = "/.well-known/smart-configuration"
ACTS = {"GET": Act.READ, "PUT": Act.UPDATE, "PATCH": Act.UPDATE, "POST": Act.CREATE}


@dataclass
class Guard:
    """Checks each request before it is passed on; `seen` are the tokens that were good, `refused` counts the 401s."""

    keys: dict[str, Any]
    configuration: dict[str, Any]
    now: Callable[[], datetime] = system_clock
    seen: list[str] = field(default_factory=list)
    refused: int = 0
    revoked: set[str] = field(default_factory=set)

    def __call__(self, asked: Asked, forward: Forward) -> Answered:
        if asked.path.endswith(WELL_KNOWN):
            return Answered(
                200, {"Content-Type": "application/json"}, json.dumps(self.configuration).encode()
            )
        if asked.path.endswith("/metadata"):
            return forward(asked)
        claims = self._claims(asked.headers.get("Authorization", ""))
        if claims is None:
            self.refused += 1
            return Answered(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}, OUTCOME)
        if missing(str(claims.get("scope", "")).split(), needs_of(asked)):
            return Answered(403, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}, OUTCOME)
        return forward(asked)

    def _claims(self, header: str) -> dict[str, Any] | None:
        value = header.removeprefix("Bearer ")
        try:
            keys = KeySet.import_key_set(self.keys)  # type: ignore[arg-type]
            claims = jwt.decode(value, keys, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            return None
        if value in self.revoked or claims["exp"] <= self.now().timestamp():
            return None
        if value not in self.seen:
            self.seen.append(value)
        return claims

    def later(self, **by: float) -> None:
        """Let time pass for the guard alone."""
        moved = self.now() + timedelta(**by) - system_clock()
        self.now = lambda: system_clock() + moved


def needs_of(asked: Asked) -> list[Need]:
    """Return what a request needs to be permitted; of a Bundle what each of its entries needs."""
    path = urlsplit(asked.path).path.split("/fhir/R4")[-1].strip("/")
    if path:
        return [_need(asked.method, path)]
    entries = json.loads(asked.body)["entry"]
    return [
        _need(each["request"]["method"], urlsplit(each["request"]["url"]).path) for each in entries
    ]


def _need(method: str, path: str) -> Need:
    kind, _, rest = path.partition("/")
    return Need(kind, Act.SEARCH if method == "GET" and not rest else ACTS[method])
