"""Plain words for what a FHIR server answers: statuses and OperationOutcome codes.

The codes are those of http://hl7.org/fhir/R4/valueset-issue-type.html.
"""

from fhir_client.model import Exchange

ISSUE_WORDS = {
    "invalid": "it finds the content invalid",
    "structure": "it finds the content's structure wrong",
    "required": "a required element is missing",
    "value": "it does not allow a value",
    "invariant": "the content breaks a rule of its profile",
    "security": "its access rules forbid this",
    "login": "it wants credentials",
    "unknown": "it does not know us",
    "expired": "our session with it has expired",
    "forbidden": "our credentials do not allow this",
    "suppressed": "it hides a part of its answer",
    "processing": "it could not process this",
    "not-supported": "it does not support this",
    "duplicate": "it has the same already",
    "multiple-matches": "several of its records match",
    "not-found": "it has no such record",
    "deleted": "the record was deleted",
    "too-long": "the content is too long",
    "code-invalid": "it does not accept a code",
    "extension": "it does not accept an extension",
    "too-costly": "the request costs it too much",
    "business-rule": "a rule of the site forbids this",
    "conflict": "the record was changed at the same time",
    "transient": "it cannot do this now",
    "lock-error": "the record is locked now",
    "no-store": "its storage does not answer",
    "exception": "it has an internal error",
    "timeout": "it ran out of time",
    "incomplete": "its results are incomplete",
    "throttled": "it limits our rate",
    "informational": "it only informs",
}

EVENT_LABELS = {
    "accepted": "Accepted by the server",
    "verified": "Verified by read-back",
    "decided": "Decided by the site's policy",
    "reversed": "Undone",
    "waiting": "Failed, tries again",
    "held": "Held for a person",
    "behind": "Waited for its turn",
    "server-paused": "The server was paused",
}


def describe_exchange(exchange: Exchange) -> str:
    """Return a request and its answer, such as `read Patient: 503, it has an internal error`."""
    if exchange.status is None:
        return f"{exchange.kind}: no answer"
    words = [ISSUE_WORDS.get(code, code) for code in exchange.codes]
    return ", ".join([f"{exchange.kind}: {exchange.status}", *words])
