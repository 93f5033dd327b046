"""Caches access tokens (OAuth 2.0 client_credentials) for all threads."""

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

# A token is not used this short before its end, because the request takes time. For a short
# lifetime the margin is the last fifth.
EXPIRY_MARGIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """A token in use, and the id of the key that signed for it.

    `scopes` is None where the server named none.
    """

    token: str
    lifetime: timedelta
    used_until: datetime
    scopes: tuple[str, ...] | None
    url: str
    key_id: str


class TokenCache:
    """The tokens for one FHIR server; one thread fetches while the others wait for it."""

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
        """Fetch nothing yet.

        Without `token_url` the server names it. `timeout` is in seconds.
        """
        self._base_url, self._credential, self._token_url = base_url, credential, token_url
        self._scopes, self._timeout, self._tls, self._now = tuple(scopes), timeout, tls, now
        self._lock = threading.Lock()
        self._endpoint: TokenEndpoint | None = None
        self._grant: Grant | None = None
        self._failure: FhirError | None = None
        self._rounds = 0

    def current_grant(self) -> Grant:
        """Return a valid token; raises TemporaryError, ServerError and AccessError."""
        # Read before the lock: a round that ends while this thread waits was for this thread, too.
        rounds_before = self._rounds
        with self._lock:
            if self._grant is not None and self._now() < self._grant.used_until:
                return self._grant
            if self._failure is not None and self._rounds != rounds_before:
                # This thread waited for a fetch that failed. A fetch of its own would fail, too,
                # and many threads would ask the endpoint one after the other.
                raise copy(self._failure)
            return self._start_round()

    def drop_token(self, token: str) -> None:
        """Forget a refused token, unless another thread fetched a newer one."""
        with self._lock:
            if self._grant is not None and self._grant.token == token:
                self._grant = None

    def _start_round(self) -> Grant:
        self._grant = self._failure = None
        try:
            with network.open_session(self._tls) as session:
                self._grant = self._fetch_grant(session)
        except FhirError as error:
            # The endpoint may have moved, so the next round discovers it again.
            self._failure, self._endpoint = error, None
            raise
        finally:
            self._rounds += 1
        return self._grant

    def _fetch_grant(self, session: requests.Session) -> Grant:
        if self._endpoint is None:
            self._endpoint = discover_endpoint(
                session, self._base_url, self._token_url, self._timeout, self._tls
            )
        refusal: UnknownClientError | None = None
        for proof in self._credential.client_proofs(self._endpoint, self._now()):
            try:
                return self._request_token(session, self._endpoint, proof)
            except UnknownClientError as error:
                # Report the newest key's refusal. The refusal of an older key is to be expected.
                refusal = refusal or error
        raise refusal or AccessError("There is no key in the key file.")

    def _request_token(
        self, session: requests.Session, endpoint: TokenEndpoint, proof: ClientProof
    ) -> Grant:
        form = {
            "grant_type": "client_credentials",
            **({"scope": " ".join(self._scopes)} if self._scopes else {}),
            **proof.form,
        }
        # The lifetime counts from before the request, because the answer takes time.
        requested_at = self._now()
        headers = {"Accept": "application/json", **proof.headers}
        response = network.request_access(
            session, "POST", endpoint.url, self._timeout, self._tls, data=form, headers=headers
        )
        token = parse_token(response, self._credential.advice, self._now())
        return Grant(
            token.value,
            token.lifetime,
            requested_at + _usable_time(token),
            token.scopes,
            endpoint.url,
            proof.key_id,
        )


def _usable_time(token: IssuedToken) -> timedelta:
    return token.lifetime - min(EXPIRY_MARGIN, token.lifetime / 5)


class TokenAuth:
    """One client's use of the shared tokens.

    After a 401 it drops the token that it used itself.
    """

    def __init__(self, tokens: TokenCache) -> None:
        """Use no token yet."""
        self._tokens, self._used_token = tokens, ""

    def headers(self) -> dict[str, str]:
        """Return the token as a bearer (RFC 6750); raises as `TokenCache.current_grant`."""
        self._used_token = self._tokens.current_grant().token
        return {"Authorization": f"Bearer {self._used_token}"}

    def renew(self) -> bool:
        """Drop the refused token; return True, because a new one may be accepted."""
        self._tokens.drop_token(self._used_token)
        return True
