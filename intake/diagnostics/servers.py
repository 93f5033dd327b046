"""Checks one FHIR server: its version, clock and certificate, and the worker's own requests."""

from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from fhir_client import capabilities
from fhir_client.capabilities import Capabilities
from fhir_client.client import FhirClient
from fhir_client.errors import AccessError, FhirError, GoneError, ServerError
from fhir_client.transport import tls
from fhir_client.write.strategy import WriteStrategy, WrittenPart
from intake.clock import Clock
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.ehr.credentials import build_tls
from intake.settings import Server

MAX_CLOCK_SKEW = timedelta(seconds=60)
RENEWAL = timedelta(days=14)
# No resource has this identifier, so a search for it proves the search and returns no data.
UNUSED_IDENTIFIER = "urn:intake:check|nobody"
UNUSED_PATIENT = "Patient/00000000-0000-4000-8000-000000000000"


def suggest_remedy(server: Server, error: FhirError) -> str:
    """Return the remedy for an error, often in the server's table of intake.toml."""
    table = f"[servers.{server.id}] in intake.toml"
    if isinstance(error, AccessError):
        return f"Check auth in {table}, the settings it needs, and the files named there."
    if error.status in (401, 403):
        return f"Check auth and the settings it needs in {table}, and the scopes granted."
    if isinstance(error, ServerError):
        return f"Check {table}, base_url and auth first."
    return (
        "Is it running, and does the network let this machine reach it? "
        f"The address is base_url in {table}."
    )


def check_description(
    about: str, server: Server, client: FhirClient, clock: Clock
) -> Generator[Finding, None, Capabilities]:
    """Yield the findings about version, clock and certificate; return the capabilities."""
    offered = capabilities.parse_capabilities(client.read_capabilities())
    software = offered.software or "it does not name itself"
    identity = f"{server.base_url}: {software}, FHIR {offered.fhir_version or 'of no version'}"
    if offered.is_r4:
        yield good_finding(about, identity)
    else:
        yield wrong_finding(
            about,
            f"{identity}; FHIR R4 (4.0.1) is needed",
            "Ask the EHR's support for the base URL of its R4 server.",
        )
    yield _check_clock(about, client.server_time, clock())
    yield _check_certificate(about, server, clock())
    return offered


def _check_clock(about: str, server_time: datetime | None, own_time: datetime) -> Finding:
    if server_time is None:
        return unknown_finding(about, "it does not say its time")
    skew = abs(server_time - own_time)
    if skew > MAX_CLOCK_SKEW:
        ahead = "ahead of" if server_time > own_time else "behind"
        return wrong_finding(
            about,
            f"its clock is {skew.total_seconds():.0f} seconds {ahead} ours, "
            "so the newest answer may not count as newest",
            "Synchronise this machine's clock (NTP); if it is right, tell the EHR's support.",
        )
    return good_finding(about, "its clock and ours agree within a minute")


def _check_certificate(about: str, server: Server, now: datetime) -> Finding:
    parts = urlsplit(server.base_url)
    if parts.scheme == "http":
        if parts.hostname in ("127.0.0.1", "localhost", "::1"):
            return good_finding(about, "plain http, within this machine")
        return wrong_finding(
            about,
            "it gets the answers unencrypted, by plain http",
            "Name its https address as base_url.",
        )
    until = tls.server_certificate_expiry(
        server.base_url, tls=build_tls(server), timeout=server.timeout.total_seconds()
    )
    if until is None:
        return unknown_finding(about, "its certificate could not be read")
    if until - now < RENEWAL:
        return wrong_finding(
            about,
            f"its certificate expires in {(until - now).days} days",
            "Ask the EHR's support to renew it.",
        )
    return good_finding(about, f"its certificate is good for {(until - now).days} days")


def check_requests(
    about: str, server: Server, client: FhirClient, strategy: WriteStrategy
) -> Iterator[Finding]:
    """Send the worker's own requests about an unused identifier and patient.

    These are the look-up before a re-send, the read before a merge, and the read-back. Raises the
    error of a server that refuses us entirely (401).
    """
    for success, failure, send in _needed_requests(strategy):
        try:
            fault = send(client)
        except FhirError as error:
            if error.status == 401:
                raise
            yield wrong_finding(about, f"{failure}. {error.message}", suggest_remedy(server, error))
            continue
        yield (
            good_finding(about, success)
            if fault is None
            else wrong_finding(about, f"{failure}: {fault}", "Ask the EHR's support about it.")
        )


def _try_look_up(client: FhirClient) -> str | None:
    parameters = {"identifier": UNUSED_IDENTIFIER, "_count": "1"}
    if next(client.search("QuestionnaireResponse", parameters), None) is not None:
        return "it ignores the identifier, so it cannot tell two submissions apart"
    return None


def _try_read(client: FhirClient) -> str | None:
    try:
        client.read(UNUSED_PATIENT)
    except GoneError:
        return None
    return "it answers for a patient that does not exist"


def _try_read_back(client: FhirClient) -> str | None:
    urls = [
        f"{resource_type}?identifier={UNUSED_IDENTIFIER}"
        for resource_type in ("Observation", "QuestionnaireResponse")
    ]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    answer = client.send_bundle({"resourceType": "Bundle", "type": "batch", "entry": entries})
    pages = [entry.get("resource", {}) for entry in answer.get("entry", [])]
    if len(pages) != len(urls) or any(page.get("resourceType") != "Bundle" for page in pages):
        return "it does not answer a batch of searches"
    if any(page.get("entry") for page in pages):
        return "it ignores the identifier in a batch of searches"
    return None


# The words for a success, the words for a failure, and the request, which returns a fault or None.
_Request = tuple[str, str, Callable[[FhirClient], str | None]]
_LOOK_UP: _Request = (
    "a submission can be looked up by its identifier",
    "a submission cannot be looked up by its identifier",
    _try_look_up,
)
_READ: _Request = ("patients can be read", "patients cannot be read", _try_read)
_READ_BACK: _Request = (
    "written resources can be read back in one batch",
    "written resources cannot be read back in one batch",
    _try_read_back,
)


def _needed_requests(strategy: WriteStrategy) -> Iterator[_Request]:
    """Yield the requests of this strategy; the worker never looks up a response it never writes."""
    writes_responses = WrittenPart.RESPONSE in strategy.parts
    if writes_responses:
        yield _LOOK_UP
    yield _READ
    if writes_responses and strategy.batch:
        yield _READ_BACK
