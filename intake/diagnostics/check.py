"""Checks a FHIR server as the worker uses it, and then each of its clinics."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from fhir_client.client import FhirClient
from fhir_client.errors import FhirError
from intake.clock import Clock
from intake.diagnostics.access import check_files, check_tokens
from intake.diagnostics.capabilities import check_capabilities
from intake.diagnostics.clinics import check_clinic
from intake.diagnostics.findings import Finding, unknown_finding, wrong_finding
from intake.diagnostics.item_map import check_item_map
from intake.diagnostics.pins import check_pin, check_proof
from intake.diagnostics.servers import check_description, check_requests, suggest_remedy
from intake.diagnostics.smart import check_smart_configuration
from intake.diagnostics.write_test import WriteTestContext, check_by_writing
from intake.ehr.clients import build_client, server_quirks
from intake.ehr.strategy import negotiate_strategy, pin_strategy
from intake.settings import Server, Settings
from intake.store.database import Database


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What a check does beyond reading: pin a new strategy, run a write test."""

    pin: bool = False
    write_test: bool = False


READ_ONLY = CheckOptions()
"""A check with these options changes nothing."""
REPAIR_DATABASE = "Repair the key file and the database first."


def check_server(
    server: Server,
    settings: Settings,
    clock: Clock,
    database: Database | None = None,
    options: CheckOptions = READ_ONLY,
) -> Generator[Finding, None, FhirError | None]:
    """Yield the findings about a server and its clinics; return the error that ended the check.

    For an unusable server, they say why, and that nothing is known of its clinics. Without a
    database the check knows no pinned strategy, and can pin none.
    """
    about = f"server {server.id}"
    clinics = [clinic for clinic in settings.clinics.values() if clinic.server == server.id]
    # The files come first: a file that cannot be read makes every request fail.
    yield from check_files(about, server, clock())
    try:
        with build_client(server) as client:
            yield from _check_reachable_server(
                about, server, settings, client, clock, database, options
            )
            required = server_quirks(server, settings).appointment_search
            for clinic in clinics:
                yield from check_clinic(clinic, server, client, clock, required)
    except FhirError as error:
        yield wrong_finding(
            about, f"{server.base_url}: {error.message}", suggest_remedy(server, error)
        )
        # Each clinic still gets a finding, so that none seems to be in order.
        for clinic in clinics:
            yield unknown_finding(
                f"clinic {clinic.id}",
                f"its places and its schedule, because server {server.id} cannot be used",
            )
        return error
    return None


def _check_reachable_server(
    about: str,
    server: Server,
    settings: Settings,
    client: FhirClient,
    clock: Clock,
    database: Database | None,
    options: CheckOptions,
) -> Iterator[Finding]:
    """Yield the findings about a server that answers."""
    capabilities = yield from check_description(about, server, client, clock)
    if options.pin and database is not None:
        strategy = negotiate_strategy(capabilities, server, settings)
        pin_strategy(server, settings, database, strategy)
    # The checks below depend on the strategy that the worker will use.
    strategy = yield from check_pin(about, server, settings, capabilities, database)
    tests_writing = options.write_test and database is not None and bool(server.test_patient)
    yield from check_capabilities(about, capabilities, strategy, proves_if_match=tests_writing)
    yield from check_item_map(about, server, settings)
    yield from check_smart_configuration(about, server)
    yield from check_tokens(about, server, strategy)
    yield from check_requests(about, server, client, strategy)
    if not options.write_test:
        yield from check_proof(about, server, settings, database)
    elif database is not None:
        # The write test comes last: it may change the pinned strategy, and its findings make
        # sense only after those about access and scopes.
        context = WriteTestContext(about, server, settings, client, database, clock)
        yield from check_by_writing(context, capabilities, strategy, renegotiate=options.pin)
    if database is None and options != READ_ONLY:
        yield wrong_finding(
            about,
            "nothing is pinned and no write test is made, because the database cannot be used",
            REPAIR_DATABASE,
        )
