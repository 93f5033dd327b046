"""The diagnostics' checks of a scripted server, and their faults."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from intake.clock import Clock, system_clock
from intake.diagnostics.check import check_server
from intake.diagnostics.findings import Finding, Verdict
from intake.settings import Auth, AuthKind, Clinic, Server, Settings, load_settings
from tests.support.scripted_server import ScriptedServer

NOTHING: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
PAGE = {
    **NOTHING,
    "entry": [{"resource": {"resourceType": "QuestionnaireResponse", "id": "Ana-Lopez"}}],
}
BATCH = {
    "resourceType": "Bundle",
    "type": "batch-response",
    "entry": [{"resource": NOTHING}, {"resource": NOTHING}],
}
KINDS = {
    "Patient": ("read", "update"),
    "QuestionnaireResponse": ("create", "read", "search-type", "update"),
    "Observation": ("create", "search-type", "update"),
    "Provenance": ("create", "search-type"),
    "Appointment": ("search-type",),
}
CLINIC = Clinic(
    "riverside", "Riverside", ZoneInfo("America/New_York"), "main", "Organization/1", (), "urn:mrn"
)


def capability_statement(**changes: Any) -> dict[str, Any]:
    """Return the CapabilityStatement of a complete server.

    The changes go to each of its resource types.
    """
    resources = [
        {
            "type": kind,
            "interaction": [{"code": code} for code in codes],
            "versioning": "versioned-update",
            "conditionalCreate": True,
            "searchParam": [{"name": "identifier"}, {"name": "date"}, {"name": "target"}],
            **changes,
        }
        for kind, codes in KINDS.items()
    ]
    rest = [{"mode": "server", "interaction": [{"code": "transaction"}], "resource": resources}]
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "software": {"name": "S"},
        "rest": rest,
    }


def configure_server(
    base_url: str, kind: AuthKind = AuthKind.NONE, secret_file: Path | None = None
) -> Server:
    auth = Auth(kind, "intake", secret_file, "", None, "", "ES384", "", ())
    return Server("main", base_url, "6.1.0", "generic", timedelta(seconds=5), auth, None, 1)


def configure_site(*clinics: Clinic) -> Settings:
    return replace(load_settings(), clinics={clinic.id: clinic for clinic in clinics})


def run_check(
    script: ScriptedServer, clinic: Clinic = CLINIC, clock: Clock = system_clock
) -> tuple[Finding, ...]:
    return tuple(check_server(configure_server(script.base_url), configure_site(clinic), clock))


def find_faults(findings: tuple[Finding, ...]) -> list[str]:
    wrong = [finding for finding in findings if finding.verdict is Verdict.WRONG]
    assert all(finding.way_out for finding in wrong)
    return [f"{finding.about}: {finding.words}" for finding in wrong]
