"""`intake check` says of each answer to `/metadata` why the server cannot be used."""

from typing import Any

import pytest

from intake.diagnostics.findings import Verdict
from tests.support.scripted_server import ScriptedServer
from tests.support.server_checks import find_faults, run_check

REFUSED = "The server answered 400: it refuses this (reason: required)."
XML = b'<%s xmlns="http://hl7.org/fhir"><fhirVersion value="%s"/></%s>'


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            (404, b"<html>Not found"),
            "There is no FHIR server at this base URL: it answers 404 with a web page.",
        ),
        (
            (200, b"<!DOCTYPE html><p>Welcome"),
            "There is no FHIR server at this base URL: it answers 200 with a web page.",
        ),
        ((404, b""), "There is no FHIR server at this base URL: it answers 404."),
        ((400, b"no"), "There is no FHIR server at this base URL: it answers 400."),
        (
            (200, {"resourceType": "Patient"}),
            "There is no FHIR server at this base URL: its answer is no CapabilityStatement.",
        ),
        (
            (200, {"resourceType": "Conformance", "fhirVersion": "1.0.2"}),
            "The server speaks DSTU2 (1.0.2); R4 is needed.",
        ),
        (
            (200, {"resourceType": "Conformance", "fhirVersion": ["Lopez"]}),
            "The server speaks DSTU2; R4 is needed.",
        ),
        (
            (200, b'<?xml version="1.0"?>\n' + XML % (b"Conformance", b"1.0.2", b"Conformance")),
            "The server speaks DSTU2 (1.0.2); R4 is needed.",
        ),
        (
            (200, XML % (b"CapabilityStatement", b"3.0.1", b"CapabilityStatement")),
            "The server speaks STU3 (3.0.1); R4 is needed.",
        ),
        (
            (200, XML % (b"CapabilityStatement", b"4.0.1", b"CapabilityStatement")),
            "The server describes itself in XML; R4 in JSON is needed.",
        ),
        (
            (400, {"resourceType": "OperationOutcome", "issue": [{"code": "required"}]}),
            f"{REFUSED} It does not describe itself at /metadata.",
        ),
        ((302, b""), "The server answered 302: it has moved; check base_url."),
        (
            (401, b""),
            "The server answered 401: it does not let us in; check credentials and scopes.",
        ),
        (
            (403, b""),
            "The server answered 403: it does not let us in; check credentials and scopes.",
        ),
        ((503, b""), "The server answered 503: try again later."),
    ],
)
def test_says_why_a_server_cannot_be_used(
    scripted_server: ScriptedServer, answer: tuple[int, Any], words: str
) -> None:
    scripted_server.answers["GET metadata"] = answer
    findings = run_check(scripted_server)
    assert find_faults(findings) == [f"server main: {scripted_server.base_url}: {words}"]
    # It answered, so that nobody needs to ask whether it runs.
    assert "Is it running" not in str(findings)
    assert (findings[-1].about, findings[-1].verdict) == ("clinic riverside", Verdict.UNKNOWN)
