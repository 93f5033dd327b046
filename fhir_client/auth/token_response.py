"""What a token endpoint answers: a token, or why there is none, in plain words that quote nothing of what it said."""

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

USUAL_LIFE = timedelta(minutes=5)
"""How long a token counts whose life is not told: what SMART recommends as the longest."""

SKEW = timedelta(seconds=60)
PASSING = ("temporarily_unavailable", "server_error", "slow_down")
WORDS = {
    "invalid_scope": "it does not grant the scopes that we ask for; compare scopes with what the EHR registered for us",
    "unsupported_grant_type": "it gives no tokens to systems (client_credentials); ask the EHR's support for Backend Services",
    "invalid_request": "it does not understand our request; check token_url and auth",
    "invalid_grant": "it does not take what we show; check auth",
    "invalid_target": "it has no token for this FHIR server; check base_url and token_url",
}
"""What to do about an error code of RFC 6749, 5.2, and of RFC 8707."""

UNKNOWN_TO_IT = ("invalid_client", "unauthorized_client")
"""Both are said of a signature that does not fit any key which the server has of us."""


class UnknownClientError(AccessError):
    """The token endpoint does not know us by what we showed."""


@dataclass(frozen=True, slots=True, repr=False)
class IssuedToken:
    """A token, how long it lives, and the scopes that came with it.

    Without any they should be those that were asked for (RFC 6749, 5.1), yet a server was seen to leave them out where it
    grants none of them; SMART wants them told. So None is: not known.
    """

    value: str
    lifetime: timedelta
    scopes: tuple[str, ...] | None


def parse_token(response: requests.Response, advice: str, now: datetime) -> IssuedToken:
    """Return the token that the response carries; raises Temporary and AccessFault."""
    if response.status_code != 200:
        raise _fault(response, advice, now)
    found = json_body(response)
    value, kind = found.get("access_token"), str(found.get("token_type", "Bearer"))
    if not found and not _is_page(response):
        raise TemporaryError("The token endpoint's answer was cut off.", 200)
    if (
        not isinstance(value, str)
        or not value.isascii()
        or not value.isprintable()
        or kind.lower() != "bearer"
    ):
        raise AccessError(
            "There is no token in what the token endpoint answers; check token_url.", 200
        )
    scopes = found.get("scope")
    return IssuedToken(
        value,
        _life(found.get("expires_in")),
        tuple(scopes.split()) if isinstance(scopes, str) else None,
    )


def _life(raw: object) -> timedelta:
    try:
        return timedelta(seconds=max(0, min(int(str(raw)), 10**8)))
    except ValueError:
        return USUAL_LIFE


def _is_page(response: requests.Response) -> bool:
    return response.content.lstrip()[:1] == b"<"


def _fault(response: requests.Response, advice: str, now: datetime) -> FhirError:
    status, code = response.status_code, json_body(response).get("error")
    if status in TEMPORARY_STATUSES or code in PASSING:
        waits = response_error(response, now=now)
        asked = waits.retry_after if isinstance(waits, TemporaryError) else None
        return TemporaryError(
            f"The token endpoint answered {status}: try again later.", status, asked
        )
    if code in UNKNOWN_TO_IT:
        return UnknownClientError(
            f"The token endpoint does not know us ({code}); check {advice}.{_skew(response, now)}",
            status,
        )
    if code in WORDS:
        return AccessError(f"The token endpoint answered {code}: {WORDS[code]}.", status)
    if status < 400:
        return AccessError(
            f"The token endpoint answered {status}: it has moved; check token_url.", status
        )
    if status in (401, 403):
        return UnknownClientError(
            f"The token endpoint answered {status}; check {advice}.{_skew(response, now)}", status
        )
    return AccessError(
        f"The token endpoint answered {status}: there is none, or it refuses us; check token_url.",
        status,
    )


def _skew(response: requests.Response, now: datetime) -> str:
    theirs = server_date(response)
    if theirs is None or abs(theirs - now) <= SKEW:
        return ""
    return f" Its clock and ours are {abs(theirs - now).total_seconds():.0f} seconds apart."
