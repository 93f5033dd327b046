"""Why an answer to `/metadata` is no CapabilityStatement: an old release, a web page, a refusal."""

import re

import requests

from fhir_client.capabilities import release_name
from fhir_client.errors import FhirError, OldFhirError, ServerError
from fhir_client.model import Json

NO_SERVER = "There is no FHIR server at this base URL"
# What DSTU1 and DSTU2 call a CapabilityStatement (hl7.org/fhir/DSTU2/conformance.html).
_OLD_STATEMENT = "Conformance"
_XML_STATEMENT = re.compile(
    rb"<(?:\w+:)?(Conformance|CapabilityStatement)\b[^>]*http://hl7\.org/fhir"
)
_XML_VERSION = re.compile(rb"<(?:\w+:)?fhirVersion\s+value=[\"']([0-9.]{1,12})")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){1,2}")
_HTML = re.compile(rb"\s*<(!doctype html|html)\b", re.IGNORECASE)


def self_description_error(
    response: requests.Response, statement: Json, error: FhirError | None
) -> ServerError:
    """Return the error for an answer without a CapabilityStatement in JSON.

    `statement` is its body as JSON, and `error` that of its status. No message quotes the answer.
    """
    status, body = response.status_code, response.content
    xml = _XML_STATEMENT.search(body)
    if xml or statement.get("resourceType") == _OLD_STATEMENT:
        version = _XML_VERSION.search(body) if xml else None
        named = version[1].decode() if version else statement.get("fhirVersion")
        is_old = xml is None or xml[1].decode() == _OLD_STATEMENT
        return _release_error(named, status, is_old=is_old)
    if isinstance(error, ServerError):
        return error
    if statement.get("resourceType") == "OperationOutcome":
        reason = error.message if error else "The server answered 200 with an OperationOutcome."
        return ServerError(f"{reason} It does not describe itself at /metadata.", status)
    if _HTML.match(body):
        return ServerError(f"{NO_SERVER}: it answers {status} with a web page.", status)
    if error is not None:
        return ServerError(f"{NO_SERVER}: it answers {status}.", status)
    return ServerError(f"{NO_SERVER}: its answer is no CapabilityStatement.", status)


def _release_error(version: object, status: int, *, is_old: bool) -> OldFhirError:
    known_version = version if isinstance(version, str) and _VERSION.fullmatch(version) else ""
    # DSTU2 and its forerunner are known by the name of the resource, without a version.
    release = release_name(known_version) or ("DSTU2" if is_old else "")
    if release in ("", "R4"):
        return OldFhirError("The server describes itself in XML; R4 in JSON is needed.", status)
    shown = f"{release} ({known_version})" if known_version else release
    return OldFhirError(f"The server speaks {shown}; R4 is needed.", status)
