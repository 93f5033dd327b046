"""The whole look: a FHIR server, and then each of the clinics that are on it."""

from collections.abc import Iterator
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
from intake.ehr.clients import build_client
from intake.ehr.strategy import negotiate_strategy, pin_strategy
from intake.settings import Server, Settings
from intake.store.database import Database


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What a look shall do beyond looking: pin the way to write anew, prove it by a write test."""

    pin: bool = False
    write_test: bool = False


LOOK = CheckOptions()
"""Nothing: a look changes nothing."""
NO_PLACE = "Mend what is wrong with key and database first."


def check_server(
    server: Server,
    settings: Settings,
    clock: Clock,
    database: Database | None = None,
    wish: CheckOptions = LOOK,
) -> Iterator[Finding]:
    """Yield what is found; where the server cannot be used, why, and that nothing is known of its clinics.

    Without a database nobody knows what is pinned, and nothing can be.
    """
    about = f"server {server.id}"
    clinics = [each for each in settings.clinics.values() if each.server == server.id]
    yield from check_files(about, server, clock())
    try:
        with build_client(server) as client:
            yield from _used(about, server, settings, client, clock, database, wish)
            for clinic in clinics:
                yield from check_clinic(clinic, server, client, clock)
    except FhirError as error:
        yield wrong_finding(
            about, f"{server.base_url}: {error.message}", suggest_remedy(server, error)
        )
        for clinic in clinics:
            yield unknown_finding(
                f"clinic {clinic.id}",
                f"its places and its schedule, because server {server.id} cannot be used",
            )


def _used(
    about: str,
    server: Server,
    settings: Settings,
    client: FhirClient,
    clock: Clock,
    database: Database | None,
    wish: CheckOptions,
) -> Iterator[Finding]:
    """Yield what is found of a server that can be reached."""
    said = yield from check_description(about, server, client, clock)
    if wish.pin and database is not None:
        pin_strategy(server, settings, database, negotiate_strategy(said, server, settings))
    strategy = yield from check_pin(about, server, settings, said, database)
    yield from check_capabilities(about, said, strategy)
    yield from check_item_map(about, server, settings)
    yield from check_smart_configuration(about, server)
    yield from check_tokens(about, server, strategy)
    yield from check_requests(about, server, client, strategy)
    if not wish.write_test:
        yield from check_proof(about, server, settings, database)
    elif database is not None:
        yield from check_by_writing(
            WriteTestContext(about, server, settings, client, database, clock),
            said,
            strategy,
            anew=wish.pin,
        )
    if database is None and wish != LOOK:
        yield wrong_finding(
            about,
            "nothing is pinned and no write test is made, for there is no place to note it",
            NO_PLACE,
        )
