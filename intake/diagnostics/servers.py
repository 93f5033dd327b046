"""Checks one FHIR server: description, clock, certificate, and answers."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from fhir_client.capabilities import Capabilities, parse_capabilities
from fhir_client.client import FhirClient
from fhir_client.errors import (
    AccessError,
    FhirError,
    GoneError,
    OldFhirError,
    ServerError,
    TemporaryError,
)
from fhir_client.transport import tls
from fhir_client.write.strategy import WriteStrategy, WrittenPart
from intake.clock import Clock
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.ehr.credentials import build_tls
from intake.settings import Server

MAX_CLOCK_SKEW = timedelta(seconds=60)
RENEWAL_NOTICE = timedelta(days=14)
ASK_FOR_R4 = "Ask the EHR's support for the base URL of its R4 server."
UNUSED_IDENTIFIER = "urn:intake:check|nobody"
"""An identifier that no resource has: a search for it proves access and returns no data."""
UNUSED_PATIENT = "Patient/00000000-0000-4000-8000-000000000000"


def suggest_remedy(server: Server, error: FhirError) -> str:
    """Return the remedy for an error that the settings of the server can cause."""
    table = f"[servers.{server.id}] in intake.toml"
    if isinstance(error, AccessError):
        return (
            f"Look at auth in {table}, at the settings that it needs, and at the files that they "
            "name."
        )
    # 401 rejects our login, and 403 the scopes of a login that the server accepted.
    if error.status in (401, 403):
        return (
            f"Look at auth and the settings that it needs in {table}, and at the scopes that the "
            "server granted."
        )
    if isinstance(error, OldFhirError):
        return ASK_FOR_R4
    if isinstance(error, GoneError | ServerError):
        return f"Look at {table}, base_url and auth first."
    if isinstance(error, TemporaryError) and error.status is None:
        return (
            "Is it running, and does the network let this machine reach it? The address is "
            f"base_url in {table}."
        )
    return _suggest_remedy_for_answer(table, error)


def _suggest_remedy_for_answer(table: str, error: FhirError) -> str:
    """Return the remedy for a server that runs, and answers something else than we need."""
    if not isinstance(error, TemporaryError):
        return (
            "It runs and refuses this request. Ask the EHR's support which parameters and "
            f"permissions it needs, and look at quirks in {table}."
        )
    # A page of a proxy or of a login comes with a 200, too.
    if error.status is not None and error.status < 300:
        return (
            f"It runs. Look at base_url in {table}: a proxy or a web page may answer in its place."
        )
    return "It runs and is in trouble. Try again later; then ask the EHR's support."


def check_description(
    about: str, server: Server, client: FhirClient, clock: Clock
) -> Generator[Finding, None, Capabilities]:
    """Yield the findings about FHIR version, clock and certificate.

    Returns the server's capabilities.
    """
    capabilities = parse_capabilities(client.read_capabilities())
    software = capabilities.software or "it does not name itself"
    description = f"{server.base_url}: {software}, FHIR {capabilities.fhir_version or 'unknown'}"
    if capabilities.is_r4:
        yield good_finding(about, description)
    else:
        release = capabilities.release_name or "an unknown release"
        yield wrong_finding(
            about,
            f"{description}; FHIR R4 (4.0.1) is needed, and it speaks {release}",
            ASK_FOR_R4,
        )
    yield _check_clock(about, client.server_time, clock())
    yield check_certificate(about, server, clock())
    return capabilities


def _check_clock(about: str, server_time: datetime | None, our_time: datetime) -> Finding:
    if server_time is None:
        return unknown_finding(about, "it does not say what time it has")
    skew = abs(server_time - our_time)
    if skew > MAX_CLOCK_SKEW:
        direction = "ahead of" if server_time > our_time else "behind"
        # The worker compares answers' times with those of charts to find the newest.
        return wrong_finding(
            about,
            f"its clock is {skew.total_seconds():.0f} seconds {direction} ours, so that the "
            "newest answer may not count as newest",
            "Synchronise this machine's clock (NTP); if it is right, tell the EHR's support.",
        )
    return good_finding(about, "its clock and ours agree within a minute")


def check_certificate(about: str, server: Server, now: datetime) -> Finding:
    """Return the finding about the server's certificate."""
    url = urlsplit(server.base_url)
    if url.scheme == "http":
        if url.hostname in ("127.0.0.1", "localhost", "::1"):
            return good_finding(about, "plain http, which does not leave this machine")
        return wrong_finding(
            about,
            "answers travel to it unencrypted, by plain http",
            "Name its https address as base_url.",
        )
    expiry = tls.server_certificate_expiry(
        server.base_url, tls=build_tls(server), timeout=server.timeout.total_seconds()
    )
    if expiry is None:
        return unknown_finding(about, "its certificate could not be read")
    days = (expiry - now).days
    if expiry - now < RENEWAL_NOTICE:
        return wrong_finding(
            about, f"its certificate expires in {days} days", "Ask the EHR's support to renew it."
        )
    return good_finding(about, f"its certificate is good for {days} days")


@dataclass(frozen=True, slots=True)
class _RequestCheck:
    """One request of the worker; `find_fault` sends it and returns a fault or None."""

    possible: str
    impossible: str
    find_fault: Callable[[FhirClient], str | None]


def check_requests(
    about: str, server: Server, client: FhirClient, strategy: WriteStrategy
) -> Iterator[Finding]:
    """Send the worker's read requests, with ids that do not exist.

    They are the look-up before a retry, the read before a merge, and the read-back. Raises the
    error of a server that does not know us at all (401).
    """
    for check in _request_checks(strategy):
        try:
            fault = check.find_fault(client)
        except FhirError as error:
            # After a 401 every further request would fail in the same way.
            if error.status == 401:
                raise
            yield wrong_finding(
                about, f"{check.impossible}. {error.message}", suggest_remedy(server, error)
            )
            continue
        if fault is None:
            yield good_finding(about, check.possible)
        else:
            yield wrong_finding(
                about, f"{check.impossible}: {fault}", "Ask the EHR's support about it."
            )


def _request_checks(strategy: WriteStrategy) -> Iterator[_RequestCheck]:
    """Yield the requests that the worker sends under this strategy."""
    writes_responses = WrittenPart.RESPONSE in strategy.parts
    if writes_responses:
        yield _RequestCheck(
            "a submission can be looked up by its identifier",
            "a submission cannot be looked up by its identifier",
            _find_look_up_fault,
        )
    yield _RequestCheck("patients can be read", "patients cannot be read", _find_read_fault)
    if writes_responses and strategy.batch:
        yield _RequestCheck(
            "what was written can be read back in one batch",
            "what was written cannot be read back in one batch",
            _find_read_back_fault,
        )


def _find_look_up_fault(client: FhirClient) -> str | None:
    matches = client.search(
        "QuestionnaireResponse", {"identifier": UNUSED_IDENTIFIER, "_count": "1"}
    )
    if next(matches, None) is not None:
        return "it ignores the identifier, so that one submission cannot be told from another"
    return None


def _find_read_fault(client: FhirClient) -> str | None:
    try:
        client.read(UNUSED_PATIENT)
    except GoneError:
        return None
    return "it answers for a patient who does not exist"


def _find_read_back_fault(client: FhirClient) -> str | None:
    urls = [
        f"{resource_type}?identifier={UNUSED_IDENTIFIER}"
        for resource_type in ("Observation", "QuestionnaireResponse")
    ]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    answer = client.send_bundle({"resourceType": "Bundle", "type": "batch", "entry": entries})
    pages = [entry.get("resource", {}) for entry in answer.get("entry", [])]
    # Some servers answer a batch with one entry, or with errors in place of pages.
    if len(pages) != len(urls) or any(page.get("resourceType") != "Bundle" for page in pages):
        return "it does not answer a batch of searches"
    if any(page.get("entry") for page in pages):
        return "it ignores the identifier in a batch of searches"
    return None
