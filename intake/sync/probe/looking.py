"""The whole look: a FHIR server, and then each of the clinics that are on it."""

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_client.client import Client
from fhir_client.errors import FhirError
from intake.clock import Clock
from intake.settings import Server, Settings
from intake.store.database import Database
from intake.sync.clients import client_for
from intake.sync.probe.abilities import abilities
from intake.sync.probe.access import files, tokens
from intake.sync.probe.clinics import clinic_findings
from intake.sync.probe.findings import Finding, unknown, wrong
from intake.sync.probe.items import mapped
from intake.sync.probe.pins import pins, proof
from intake.sync.probe.servers import described, lets_in, way_out
from intake.sync.probe.smart import ways_in
from intake.sync.probe.trial import Bed, proven
from intake.sync.strategy import pin, strategy_of


@dataclass(frozen=True, slots=True)
class Wish:
    """What a look shall do beyond looking: pin the way to write anew, prove it by a write test."""

    pin: bool = False
    write: bool = False


LOOK = Wish()
"""Nothing: a look changes nothing."""
NO_PLACE = "Mend what is wrong with key and database first."


def look(
    server: Server,
    settings: Settings,
    clock: Clock,
    database: Database | None = None,
    wish: Wish = LOOK,
) -> Iterator[Finding]:
    """Yield what is found; where the server cannot be used, why, and that nothing is known of its clinics.

    Without a database nobody knows what is pinned, and nothing can be.
    """
    about = f"server {server.id}"
    clinics = [each for each in settings.clinics.values() if each.server == server.id]
    yield from files(about, server, clock())
    try:
        with client_for(server) as client:
            yield from _used(about, server, settings, client, clock, database, wish)
            for clinic in clinics:
                yield from clinic_findings(clinic, server, client, clock)
    except FhirError as error:
        yield wrong(about, f"{server.base_url}: {error.words}", way_out(server, error))
        for clinic in clinics:
            yield unknown(
                f"clinic {clinic.id}",
                f"its places and its schedule, because server {server.id} cannot be used",
            )


def _used(
    about: str,
    server: Server,
    settings: Settings,
    client: Client,
    clock: Clock,
    database: Database | None,
    wish: Wish,
) -> Iterator[Finding]:
    """Yield what is found of a server that can be reached."""
    said = yield from described(about, server, client, clock)
    if wish.pin and database is not None:
        pin(server, settings, database, strategy_of(said, server, settings))
    strategy = yield from pins(about, server, settings, said, database)
    yield from abilities(about, said, strategy)
    yield from mapped(about, server, settings)
    yield from ways_in(about, server)
    yield from tokens(about, server, strategy)
    yield from lets_in(about, server, client, strategy)
    if not wish.write:
        yield from proof(about, server, settings, database)
    elif database is not None:
        yield from proven(
            Bed(about, server, settings, client, database, clock), said, strategy, anew=wish.pin
        )
    if database is None and wish != LOOK:
        yield wrong(
            about,
            "nothing is pinned and no write test is made, for there is no place to note it",
            NO_PLACE,
        )
