"""The whole look: a FHIR server, and then each of the clinics that are on it."""

from collections.abc import Iterator

from fhir_client.errors import FhirError
from intake.clock import Clock
from intake.settings import Server, Settings
from intake.sync.clients import client_for
from intake.sync.probe.access import files, tokens
from intake.sync.probe.clinics import clinic_findings
from intake.sync.probe.findings import Finding, unknown, wrong
from intake.sync.probe.servers import described, lets_in, way_out


def look(server: Server, settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Yield what is found; where the server cannot be used, why, and that nothing is known of its clinics."""
    about = f"server {server.id}"
    clinics = [each for each in settings.clinics.values() if each.server == server.id]
    yield from files(about, server, clock())
    try:
        with client_for(server) as client:
            strategy = yield from described(about, server, settings, client, clock)
            yield from tokens(about, server, strategy.rung)
            yield from lets_in(about, server, client, strategy)
            for clinic in clinics:
                yield from clinic_findings(clinic, server, client, clock)
    except FhirError as error:
        yield wrong(about, f"{server.base_url}: {error.words}", way_out(server, error))
        for clinic in clinics:
            yield unknown(f"clinic {clinic.id}", f"its places and its schedule, because server {server.id} cannot be used")
