"""Turns a server's response into the error that the caller acts on.

Messages never quote the server, because its own words can quote a patient.
"""

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
from fhir_client.transport.tolerant_json import list_objects, object_member, parse_foreign_json

# The same request can succeed later: time-outs, too early, too many, a server in trouble.
TEMPORARY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

# The server cannot do what every submission needs, whatever the submission contains.
UNSUPPORTED_STATUSES = frozenset({405, 406, 415, 501})

# The server does this for no client, or not for us.
BARRED_STATUSES = UNSUPPORTED_STATUSES | {403}

# Codes of OperationOutcome.issue by which the same request can succeed later.
TEMPORARY_ISSUE_CODES = frozenset({"transient", "lock-error", "no-store", "timeout", "throttled"})

# Some servers answer 400 for a stale If-Match inside a transaction and name 412 in the text only.
# Medplum answers 400 with a false claim about ids where two transactions race.
_STALE_VERSION = re.compile(
    r"\b(?:http|status|code|error)\W{0,3}412\b|precondition failed|version (?:conflict|mismatch)"
    r"|if-match(?!.{0,80}(?:required|missing))|assigned id is already in use",
    re.IGNORECASE,
)
# The codes of OperationOutcome.issue are FHIR's own list; anything else could quote a patient.
_ISSUE_CODE = re.compile(r"[a-z-]{1,30}")
# The longest Retry-After that we follow: a submission must not wait for a year unnoticed.
LONGEST_WAIT = timedelta(days=1)


def json_body(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object of the response, {} for any other body.

    A proxy may answer with HTML, XML or half a body.
    """
    try:
        body = parse_foreign_json(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def attachment_data(attachment: dict[str, Any]) -> bytes:
    """Return the decoded `data` of an Attachment or Binary, b"" without one."""
    try:
        return base64.b64decode(str(attachment.get("data", "")), validate=True)
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
    """Return the error that a status of 300 or more stands for.

    `text` is the body as the server sent it, `outcome` the same body parsed.
    """
    if status in TEMPORARY_STATUSES:
        return TemporaryError(f"The server answered {status}: try again later.", status, wait)
    if status in (409, 412) or (status == 400 and _STALE_VERSION.search(text)):
        return VersionConflictError(
            f"The server answered {status}: the chart was changed in the meantime.", status
        )
    if status in (404, 410):
        return GoneError(f"The server answered {status}: there is no such record.", status)
    return _server_error(status) or RefusedError(
        f"The server answered {status}: it refuses this{_describe_codes(outcome)}.", status
    )


def _server_error(status: int) -> ServerError | None:
    if status in (401, 403):
        return ServerError(
            f"The server answered {status}: it does not let us in; check credentials and scopes.",
            status,
        )
    if status < 400:
        return ServerError(f"The server answered {status}: it has moved; check base_url.", status)
    if status in UNSUPPORTED_STATUSES:
        return ServerError(
            f"The server answered {status}: it cannot do this; check base_url and the write "
            "strategy.",
            status,
        )
    return None


def entry_errors(bundle: dict[str, Any]) -> Iterator[FhirError]:
    """Yield the error of each failed entry of a batch or transaction."""
    for entry in list_objects(bundle.get("entry")):
        response = object_member(entry, "response")
        status = str(response.get("status", "200"))[:3]
        # 304 answers a conditional read: the resource is there and unchanged.
        if status.isdecimal() and int(status) >= 300 and status != "304":
            outcome = object_member(response, "outcome") or object_member(entry, "resource")
            yield status_error(int(status), exact_json.format_json(outcome), outcome)


def hidden_refusal(body: dict[str, Any]) -> FhirError | None:
    """Return the refusal that a 200 hides in an OperationOutcome."""
    if body.get("resourceType") != "OperationOutcome":
        return None
    issues = list_objects(body.get("issue"))
    failures = [issue for issue in issues if issue.get("severity") in ("error", "fatal")]
    if not failures:
        return None
    codes = _describe_codes(body)
    if all(str(issue.get("code")) in TEMPORARY_ISSUE_CODES for issue in failures):
        return TemporaryError(f"The server answered 200 but could not do it now{codes}.", 200)
    return RefusedError(f"The server answered 200 but reports an error{codes}.", 200)


def _describe_codes(body: dict[str, Any]) -> str:
    # The issue's code is from FHIR's own list. Diagnostics and expressions may quote what was sent.
    codes = issue_codes(body)
    return f" (reason: {', '.join(codes)})" if codes else ""


def issue_codes(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the codes of an OperationOutcome's issues, only those that look like FHIR's own."""
    codes = {str(issue.get("code")) for issue in list_objects(body.get("issue"))}
    return tuple(code for code in sorted(codes) if _ISSUE_CODE.fullmatch(code))


def written_version(response: requests.Response) -> str | None:
    """Return the version that a write made, from its ETag or the returned resource."""
    if version := parse_entity_tag(response.headers.get("ETag")):
        return version
    return parse_entity_tag(object_member(json_body(response), "meta").get("versionId"))


def parse_entity_tag(text: object) -> str | None:
    """Return the version in an ETag such as `W/"3"` (R4, http.html#versioning)."""
    return str(text or "").removeprefix("W/").strip('"') or None


def parse_retry_after(header: str | None, now: datetime) -> timedelta | None:
    """Return the wait that Retry-After asks for (RFC 9110, 10.2.3).

    The header has seconds or a date.
    """
    if header is None:
        return None
    if (digits := header.strip()).isdecimal():
        # Nine digits are enough for any wait, and cannot overflow a timedelta.
        return min(timedelta(seconds=int(digits[:9])), LONGEST_WAIT)
    until = _parse_date(header)
    return None if until is None else min(max(until - now, timedelta()), LONGEST_WAIT)


def server_date(response: requests.Response) -> datetime | None:
    """Return the server's clock at the time of its response (RFC 9110, 6.6.1)."""
    return _parse_date(response.headers.get("Date", ""))


def _parse_date(header: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    # A date in "-0000" is parsed without a time zone, and means UTC.
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
