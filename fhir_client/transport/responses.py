"""Tells from a response what the caller does next; a server's own words stay out, for they can quote a patient."""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from fhir_client.errors import (
    FhirError,
    GoneError,
    RefusedError,
    ServerError,
    TemporaryError,
    VersionConflictError,
)
from fhir_client.transport import exact_json

TEMPORARY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request can succeed: time-outs, too early, too many, and a server in trouble."""

UNSUPPORTED_STATUSES = frozenset({405, 406, 415, 501})
"""Statuses that say: this server cannot do what every submission needs, whatever is in it."""

BARRED_STATUSES = UNSUPPORTED_STATUSES | {403}
"""Statuses that say: what was asked for is done for nobody here, or not for us."""

TEMPORARY_ISSUE_CODES = frozenset({"transient", "lock-error", "no-store", "timeout", "throttled"})
"""Codes of OperationOutcome.issue that say the same request can succeed later."""

# Some servers answer 400 for a stale If-Match inside a transaction and say 412 in the text only; and Medplum, where two
# transactions race, answers 400 with this false claim about ids.
_STALE = re.compile(
    r"\b(?:http|status|code|error)\W{0,3}412\b|precondition failed|version (?:conflict|mismatch)"
    r"|if-match(?!.{0,80}(?:required|missing))|assigned id is already in use",
    re.IGNORECASE,
)
LONGEST_WAIT = timedelta(days=1)
"""A server that asks for more is asked again after this, for nobody would notice that a submission waits for a year."""


def json_body(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object that the response carries, or {} for a proxy's HTML, XML or half a body."""
    try:
        found = exact_json.parse_json(response.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def attachment_data(held: dict[str, Any]) -> bytes:
    """Return what the `data` of a Binary or an Attachment says, b"" where it says nothing or is no base64."""
    try:
        return base64.b64decode(str(held.get("data", "")), validate=True)
    except ValueError:
        return b""


def response_error(response: requests.Response, *, now: datetime | None = None) -> FhirError:
    """Return the error that a response of status 300 or more stands for."""
    wait = parse_retry_after(response.headers.get("Retry-After"), now or datetime.now(UTC))
    return status_error(
        response.status_code, response.content.decode(errors="replace"), json_body(response), wait
    )


def status_error(
    status: int, text: str, outcome: dict[str, Any], wait: timedelta | None = None
) -> FhirError:
    """Return the error that a status of 300 or more stands for; `text` is what the server said, `outcome` the same parsed."""
    if status in TEMPORARY_STATUSES:
        return TemporaryError(f"The server answered {status}: try again later.", status, wait)
    if status in (409, 412) or (status == 400 and _STALE.search(text)):
        return VersionConflictError(
            f"The server answered {status}: the chart was changed in the meantime.", status
        )
    if status in (404, 410):
        return GoneError(f"The server answered {status}: there is no such record.", status)
    return _fault_of_server(status) or RefusedError(
        f"The server answered {status}: it refuses this{_codes(outcome)}.", status
    )


def _fault_of_server(status: int) -> ServerError | None:
    if status in (401, 403):
        return ServerError(
            f"The server answered {status}: it does not let us in; check credentials and scopes.",
            status,
        )
    if status < 400:
        return ServerError(f"The server answered {status}: it has moved; check base_url.", status)
    if status in UNSUPPORTED_STATUSES:
        return ServerError(
            f"The server answered {status}: it cannot do this; check base_url and how it is written to.",
            status,
        )
    return None


def entry_errors(bundle: dict[str, Any]) -> Iterator[FhirError]:
    """Yield the error of each entry of a batch's or transaction's response that was not done."""
    for entry in bundle.get("entry", []):
        response = entry.get("response", {})
        status = str(response.get("status", "200"))[:3]
        if status.isdecimal() and int(status) >= 300 and status != "304":
            outcome = response.get("outcome") or entry.get("resource") or {}
            yield status_error(int(status), exact_json.format_json(outcome), outcome)


def hidden_refusal(body: dict[str, Any]) -> FhirError | None:
    """Return the refusal that a 200 hides: an OperationOutcome with an error where a resource was due."""
    issues = body.get("issue", []) if body.get("resourceType") == "OperationOutcome" else []
    faults = [issue for issue in issues if issue.get("severity") in ("error", "fatal")]
    if not faults:
        return None
    if all(issue.get("code") in TEMPORARY_ISSUE_CODES for issue in faults):
        return TemporaryError(
            f"The server answered 200 but could not do it now{_codes(body)}.", 200
        )
    return RefusedError(f"The server answered 200 but reports a fault{_codes(body)}.", 200)


def _codes(body: dict[str, Any]) -> str:
    # The issue's code is from FHIR's own list; diagnostics and expressions may quote what was sent.
    found = sorted(
        {str(issue.get("code")) for issue in body.get("issue", []) if isinstance(issue, dict)}
    )
    known = [code for code in found if re.fullmatch(r"[a-z-]{1,30}", code)]
    return f" (reason: {', '.join(known)})" if known else ""


def parse_retry_after(header: str | None, now: datetime) -> timedelta | None:
    """Return how long Retry-After asks to wait, which is a number of seconds or a date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    if (digits := header.strip()).isdecimal():
        return min(timedelta(seconds=int(digits[:9])), LONGEST_WAIT)
    until = _date(header)
    return None if until is None else min(max(until - now, timedelta()), LONGEST_WAIT)


def server_date(response: requests.Response) -> datetime | None:
    """Return what the server's clock said when it answered (RFC 9110, 6.6.1)."""
    return _date(response.headers.get("Date", ""))


def _date(header: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(header)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
