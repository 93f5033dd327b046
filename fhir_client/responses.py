"""Tells from a response what the caller does next; a server's own words stay out, for they can quote a patient."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from fhir_client.errors import Conflict, FhirError, Gone, Refused, ServerFault, Temporary

TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request can succeed: time-outs, too early, too many, and a server in trouble."""

# Some servers answer 400 for a stale If-Match inside a transaction and say 412 in the text only.
_STALE = re.compile(r"\b412\b|precondition|if-match|version conflict", re.IGNORECASE)


def body_of(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object that the response carries, or {} for a proxy's HTML, XML or half a body."""
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def error_of(response: requests.Response, *, now: datetime | None = None) -> FhirError:
    """Return the error that a response of status 400 or more stands for."""
    status = response.status_code
    if status in TEMPORARY:
        wait = retry_after(response.headers.get("Retry-After"), now or datetime.now(UTC))
        return Temporary(f"The server answered {status}: try again later.", status, wait)
    if status in (401, 403):
        return ServerFault(f"The server answered {status}: it does not let us in; check credentials and scopes.", status)
    if status in (409, 412) or (status == 400 and _STALE.search(response.text)):
        return Conflict(f"The server answered {status}: the chart was changed in the meantime.", status)
    if status in (404, 410):
        return Gone(f"The server answered {status}: there is no such record.", status)
    return Refused(f"The server answered {status}: it refuses this{_codes(body_of(response))}.", status)


def refusal_in(body: dict[str, Any]) -> Refused | None:
    """Return the refusal that a 200 hides: an OperationOutcome with an error where a resource was due."""
    if body.get("resourceType") != "OperationOutcome":
        return None
    if any(issue.get("severity") in ("error", "fatal") for issue in body.get("issue", [])):
        return Refused(f"The server answered 200 but reports a fault{_codes(body)}.", 200)
    return None


def _codes(body: dict[str, Any]) -> str:
    # The issue's code is from FHIR's own list; diagnostics and expressions may quote what was sent.
    found = sorted({str(issue.get("code")) for issue in body.get("issue", []) if isinstance(issue, dict)})
    known = [code for code in found if re.fullmatch(r"[a-z-]{1,30}", code)]
    return f" (reason: {', '.join(known)})" if known else ""


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """Return how long Retry-After asks to wait, which is a number of seconds or a date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return timedelta(seconds=int(header))
    until = _date(header)
    return None if until is None else max(until - now, timedelta())


def date_of(response: requests.Response) -> datetime | None:
    """Return what the server's clock said when it answered (RFC 9110, 6.6.1)."""
    return _date(response.headers.get("Date", ""))


def _date(header: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(header)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
