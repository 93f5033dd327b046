"""Access tokens for systems (OAuth 2.0 client_credentials), fetched once for all threads and kept until near their end."""

import threading
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import requests

from fhir_client.auth.credentials import ClientProof, Credential
from fhir_client.auth.discovery import TokenEndpoint, discover_endpoint
from fhir_client.auth.token_response import IssuedToken, UnknownClientError, parse_token
from fhir_client.errors import AccessError, FhirError
from fhir_client.transport import network
from fhir_client.transport.tls import DEFAULT_TLS, Tls

MARGIN = timedelta(seconds=30)
"""A token is not used this short before its end, nor in the last fifth of a shorter life: the request has a way to go."""


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """A token as it was given; `scopes` is None where the server named none, `key_id` the key that signed."""

    token: str
    lifetime: timedelta
    used_until: datetime
    scopes: tuple[str, ...] | None
    url: str
    key_id: str


class TokenCache:
    """The tokens for one FHIR server, shared by its threads: one of them fetches while the others wait for it."""

    def __init__(
        self,
        base_url: str,
        credential: Credential,
        *,
        token_url: str = "",
        scopes: Sequence[str] = (),
        timeout: float = 30,
        tls: Tls = DEFAULT_TLS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Fetch nothing yet. Without `token_url` the server is asked for it; `timeout` is in seconds."""
        self._base_url, self._credential, self._token_url = base_url, credential, token_url
        self._scopes, self._timeout, self._tls, self._now = tuple(scopes), timeout, tls, now
        self._lock = threading.Lock()
        self._endpoint: TokenEndpoint | None = None
        self._held: Grant | None = None
        self._failure: FhirError | None = None
        self._rounds = 0

    def current_grant(self) -> Grant:
        """Return a token that is good now; raises Temporary, ServerFault and AccessFault."""
        before = self._rounds
        with self._lock:
            if self._held is not None and self._now() < self._held.used_until:
                return self._held
            if self._failure is not None and self._rounds != before:
                # Whoever waited for a round that failed has its answer: a herd would only fail in its turn.
                raise copy(self._failure)
            return self._round()

    def drop_token(self, token: str) -> None:
        """Forget a token that the server does not take any more, unless another thread has fetched a newer one."""
        with self._lock:
            if self._held is not None and self._held.token == token:
                self._held = None

    def _round(self) -> Grant:
        self._held = self._failure = None
        try:
            with network.open_session(self._tls) as session:
                self._held = self._fetched(session)
        except FhirError as error:
            # What the server said of its endpoint may have changed as well.
            self._failure, self._endpoint = error, None
            raise
        finally:
            self._rounds += 1
        return self._held

    def _fetched(self, session: requests.Session) -> Grant:
        if self._endpoint is None:
            self._endpoint = discover_endpoint(
                session, self._base_url, self._token_url, self._timeout, self._tls
            )
        refusal: UnknownClientError | None = None
        for proof in self._credential.client_proofs(self._endpoint, self._now()):
            try:
                return self._asked(session, self._endpoint, proof)
            except UnknownClientError as fault:
                # The newest key's refusal is the one to tell; that of an old one is to be expected.
                refusal = refusal or fault
        raise refusal or AccessError("There is no key in the key file.")

    def _asked(
        self, session: requests.Session, endpoint: TokenEndpoint, proof: ClientProof
    ) -> Grant:
        form = {
            "grant_type": "client_credentials",
            **({"scope": " ".join(self._scopes)} if self._scopes else {}),
            **proof.form,
        }
        asked_at = self._now()
        headers = {"Accept": "application/json", **proof.headers}
        try:
            response = session.post(
                endpoint.url, form, headers=headers, timeout=self._timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise network.connection_error(error, self._tls) from None
        token = parse_token(response, self._credential.advice, self._now())
        return Grant(
            token.value,
            token.lifetime,
            asked_at + _use(token),
            token.scopes,
            endpoint.url,
            proof.key_id,
        )


def _use(token: IssuedToken) -> timedelta:
    return token.lifetime - min(MARGIN, token.lifetime / 5)


class TokenAuth:
    """One client's use of the shared tokens: after a 401 it is the token used here that is dropped, and no newer one."""

    def __init__(self, tokens: TokenCache) -> None:
        """Use no token yet."""
        self._tokens, self._used = tokens, ""

    def headers(self) -> dict[str, str]:
        """Return the token as a bearer (RFC 6750); raises as `Tokens.grant`."""
        self._used = self._tokens.current_grant().token
        return {"Authorization": f"Bearer {self._used}"}

    def renew(self) -> bool:
        """Drop the token that was refused; a fresh one may be taken."""
        self._tokens.drop_token(self._used)
        return True
