"""Parses a token endpoint's response into a token or an error.

Errors quote nothing of the response.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import requests

from fhir_client.errors import AccessError, FhirError, TemporaryError
from fhir_client.transport.responses import (
    TEMPORARY_STATUSES,
    json_body,
    response_error,
    server_date,
)

# The lifetime of a token without `expires_in`: the longest one that SMART recommends.
DEFAULT_LIFETIME = timedelta(minutes=5)

TOLERATED_SKEW = timedelta(seconds=60)
TEMPORARY_CODES = ("temporarily_unavailable", "server_error", "slow_down")
# The next step for an error code of RFC 6749, 5.2, and of RFC 8707.
ADVICE_BY_CODE = {
    "invalid_scope": "it does not grant the scopes that we ask for; compare scopes with the EHR's "
    "registration of our client",
    "unsupported_grant_type": "it gives no tokens to systems (client_credentials); ask the EHR's "
    "support for Backend Services",
    "invalid_request": "it does not understand our request; check token_url and auth",
    "invalid_grant": "it refuses our credentials; check auth",
    "invalid_target": "it has no token for this FHIR server; check base_url and token_url",
}

# Servers also answer with these codes where a signature fits none of our keys that they have.
UNKNOWN_CLIENT_CODES = ("invalid_client", "unauthorized_client")


class UnknownClientError(AccessError):
    """The token endpoint does not recognise our credentials."""


@dataclass(frozen=True, slots=True, repr=False)
class IssuedToken:
    """A token, its lifetime, and its scopes where the response names them.

    Scopes may be left out where they equal the requested ones (RFC 6749, 5.1). Some servers also
    leave them out where they grant none, so None means unknown. SMART requires them.
    """

    value: str
    lifetime: timedelta
    scopes: tuple[str, ...] | None


def parse_token(response: requests.Response, advice: str, now: datetime) -> IssuedToken:
    """Return the token in the response; raises TemporaryError and AccessError."""
    if response.status_code != 200:
        raise _endpoint_error(response, advice, now)
    body = json_body(response)
    value, token_type = body.get("access_token"), str(body.get("token_type", "Bearer"))
    # A web page means a wrong token_url. Any other body without JSON was cut off on the network.
    if not body and not _is_web_page(response):
        raise TemporaryError("The token endpoint's answer was cut off.", 200)
    if not _is_token(value) or token_type.lower() != "bearer":
        raise AccessError("There is no token in the token endpoint's answer; check token_url.", 200)
    scopes = body.get("scope")
    return IssuedToken(
        str(value),
        _parse_lifetime(body.get("expires_in")),
        tuple(scopes.split()) if isinstance(scopes, str) else None,
    )


def _is_token(value: object) -> bool:
    # The token becomes a header, which other characters would break.
    return isinstance(value, str) and value.isascii() and value.isprintable()


def _parse_lifetime(raw: object) -> timedelta:
    try:
        # Some endpoints send the number as a string, or a number too large for a date.
        return timedelta(seconds=max(0, min(int(str(raw)), 10**8)))
    except ValueError:
        return DEFAULT_LIFETIME


def _is_web_page(response: requests.Response) -> bool:
    return response.content.lstrip()[:1] == b"<"


def _endpoint_error(response: requests.Response, advice: str, now: datetime) -> FhirError:
    status, code = response.status_code, json_body(response).get("error")
    if status in TEMPORARY_STATUSES or code in TEMPORARY_CODES:
        error = response_error(response, now=now)
        wait = error.retry_after if isinstance(error, TemporaryError) else None
        return TemporaryError(
            f"The token endpoint answered {status}: try again later.", status, wait
        )
    if code in UNKNOWN_CLIENT_CODES:
        skew = _describe_skew(response, now)
        return UnknownClientError(
            f"The token endpoint does not know us ({code}); check {advice}.{skew}", status
        )
    if code in ADVICE_BY_CODE:
        return AccessError(f"The token endpoint answered {code}: {ADVICE_BY_CODE[code]}.", status)
    if status < 400:
        return AccessError(
            f"The token endpoint answered {status}: it has moved; check token_url.", status
        )
    if status in (401, 403):
        skew = _describe_skew(response, now)
        return UnknownClientError(
            f"The token endpoint answered {status}; check {advice}.{skew}", status
        )
    return AccessError(
        f"The token endpoint answered {status}: there is none, or it refuses us; check token_url.",
        status,
    )


def _describe_skew(response: requests.Response, now: datetime) -> str:
    # A signed assertion is valid for minutes only, so a wrong clock looks like an unknown client.
    server_time = server_date(response)
    if server_time is None or abs(server_time - now) <= TOLERATED_SKEW:
        return ""
    seconds = abs(server_time - now).total_seconds()
    return f" Its clock and ours are {seconds:.0f} seconds apart."
