"""One FHIR server: is it there, is it R4, do clock and certificate fit, does it let us in and answer as it will be asked."""

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

SKEW = timedelta(seconds=60)
RENEWAL = timedelta(days=14)
NOBODY = "urn:intake:check|nobody"
"""An identifier that no resource has, so that a search for it proves the way and brings no one's data."""
NO_PATIENT = "Patient/00000000-0000-4000-8000-000000000000"


def suggest_remedy(server: Server, error: FhirError) -> str:
    """Return what to do about an error that the server's table in intake.toml can mend."""
    table = f"[servers.{server.id}] in intake.toml"
    if isinstance(error, AccessError):
        return f"Look at auth in {table}, at what it needs there, and at the files that are named there."
    if error.status in (401, 403):
        return (
            f"Look at auth and what it needs in {table}, and at the scopes that the server granted."
        )
    if isinstance(error, ServerError):
        return f"Look at {table}, base_url and auth first."
    return f"Is it running, and does the network let this machine reach it? The address is base_url in {table}."


def check_description(
    about: str, server: Server, client: FhirClient, clock: Clock
) -> Generator[Finding, None, Capabilities]:
    """Yield what the server says of itself, and whether clocks and certificate fit; return what it says that it can do."""
    said = capabilities.parse_capabilities(client.read_capabilities())
    found = f"{server.base_url}: {said.software or 'it does not name itself'}, FHIR {said.fhir_version or 'of no version'}"
    if said.is_r4:
        yield good_finding(about, found)
    else:
        yield wrong_finding(
            about,
            f"{found}; FHIR R4 (4.0.1) is needed",
            "Ask the EHR's support for the base URL of its R4 server.",
        )
    yield _clock(about, client.server_time, clock())
    yield _certificate(about, server, clock())
    return said


def _clock(about: str, theirs: datetime | None, ours: datetime) -> Finding:
    if theirs is None:
        return unknown_finding(about, "it does not say what time it has")
    apart = abs(theirs - ours)
    if apart > SKEW:
        ahead = "ahead of" if theirs > ours else "behind"
        return wrong_finding(
            about,
            f"its clock is {apart.total_seconds():.0f} seconds {ahead} ours, so that the newest answer may not count as newest",
            "Synchronise this machine's clock (NTP); if it is right, tell the EHR's support.",
        )
    return good_finding(about, "its clock and ours agree within a minute")


def _certificate(about: str, server: Server, now: datetime) -> Finding:
    parts = urlsplit(server.base_url)
    if parts.scheme == "http":
        if parts.hostname in ("127.0.0.1", "localhost", "::1"):
            return good_finding(about, "plain http, which does not leave this machine")
        return wrong_finding(
            about,
            "answers travel to it unencrypted, by plain http",
            "Name its https address as base_url.",
        )
    until = tls.server_certificate_expiry(
        server.base_url, tls=build_tls(server), timeout=server.timeout.total_seconds()
    )
    if until is None:
        return unknown_finding(about, "its certificate could not be looked at")
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
    """Ask of nobody what the worker asks: the look-up before a re-send, the read before a merge, the read-back after.

    Raises the error of a server that does not know us at all (401).
    """
    for can, cannot, ask in _asked(strategy):
        try:
            fault = ask(client)
        except FhirError as error:
            if error.status == 401:
                raise
            yield wrong_finding(about, f"{cannot}. {error.message}", suggest_remedy(server, error))
            continue
        yield (
            good_finding(about, can)
            if fault is None
            else wrong_finding(about, f"{cannot}: {fault}", "Ask the EHR's support about it.")
        )


def _look_up(client: FhirClient) -> str | None:
    if (
        next(client.search("QuestionnaireResponse", {"identifier": NOBODY, "_count": "1"}), None)
        is not None
    ):
        return "it ignores the identifier, so that one submission cannot be told from another"
    return None


def _read_patient(client: FhirClient) -> str | None:
    try:
        client.read(NO_PATIENT)
    except GoneError:
        return None
    return "it answers for a patient that nobody is"


def _read_back(client: FhirClient) -> str | None:
    urls = [f"{kind}?identifier={NOBODY}" for kind in ("Observation", "QuestionnaireResponse")]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    answer = client.send_bundle({"resourceType": "Bundle", "type": "batch", "entry": entries})
    found = [entry.get("resource", {}) for entry in answer.get("entry", [])]
    if len(found) != len(urls) or any(each.get("resourceType") != "Bundle" for each in found):
        return "it does not answer a batch of searches"
    return (
        "it ignores the identifier in a batch of searches"
        if any(page.get("entry") for page in found)
        else None
    )


def _asked(
    strategy: WriteStrategy,
) -> Iterator[tuple[str, str, Callable[[FhirClient], str | None]]]:
    """Yield what is asked of a server that is written to so: nobody looks up what is never written."""
    looked_up, read, read_back = _ASKED
    responses = WrittenPart.RESPONSE in strategy.parts
    yield from ((looked_up,) if responses else ())
    yield read
    yield from ((read_back,) if responses and strategy.batch else ())


_ASKED: tuple[tuple[str, str, Callable[[FhirClient], str | None]], ...] = (
    (
        "a submission can be looked up by its identifier",
        "a submission cannot be looked up by its identifier",
        _look_up,
    ),
    ("patients can be read", "patients cannot be read", _read_patient),
    (
        "what was written can be read back in one batch",
        "what was written cannot be read back in one batch",
        _read_back,
    ),
)
