"""Describes requests and answers for a log that may hold neither ids nor values."""

import re
from collections.abc import Callable
from time import monotonic
from typing import Any

import requests

from fhir_client.model import Exchange
from fhir_client.transport.responses import issue_codes, json_body

Observe = Callable[[Exchange], None]
"""Takes each exchange as soon as it is over."""

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,40}")
_VERBS = {"GET": "read", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}
_HEAD_BYTES = 200
"""An OperationOutcome names its type in its first bytes."""


def ignore_exchange(_exchange: Exchange) -> None:
    """Keep nothing."""


def observe_exchange(
    observe: Observe,
    kind: str,
    started_at: float,
    response: requests.Response | None,
    *,
    read: bool,
) -> None:
    """Tell the observer of a request; `read` says whether the answer's body is there."""
    milliseconds = round((monotonic() - started_at) * 1000)
    if response is None:
        observe(Exchange(kind, None, milliseconds))
        return
    codes = _read_codes(response) if read else ()
    observe(Exchange(kind, response.status_code, milliseconds, codes))


def _read_codes(response: requests.Response) -> tuple[str, ...]:
    # A chart is not parsed a second time for its log.
    is_outcome = b"OperationOutcome" in response.content[:_HEAD_BYTES]
    return issue_codes(json_body(response)) if is_outcome else ()


def describe_request(base_url: str, method: str, url: str, body: Any, parameters: Any) -> str:
    """Return what kind of request this is, such as `search Observation` or `transaction`."""
    path, _, query = url.removeprefix(base_url).strip("/").partition("?")
    if not path:
        return _bundle_type(body)
    resource_type, _, rest = path.partition("/")
    if _TYPE.fullmatch(resource_type) is None:
        return "capabilities" if path == "metadata" else "other"
    is_search = rest == "_search" or (method == "GET" and not rest)
    if is_search or (method == "GET" and (query or parameters) and not rest):
        return f"search {resource_type}"
    return f"{_VERBS.get(method, 'other')} {resource_type}"


def _bundle_type(body: Any) -> str:
    kind = body.get("type") if isinstance(body, dict) else None
    return kind if kind in ("transaction", "batch") else "next page"
