"""The whole look: a FHIR server, and then each of the clinics that are on it."""

from collections.abc import Iterator, Sequence

from fhir_client.errors import FhirError
from fhir_client.writing.ladder import highest
from intake.clock import Clock
from intake.settings import Clinic, Server
from intake.sync.clients import client_for
from intake.sync.probe.access import files, tokens
from intake.sync.probe.clinics import clinic_findings
from intake.sync.probe.findings import Finding, unknown, wrong
from intake.sync.probe.servers import described, lets_in, way_out


def look(server: Server, clinics: Sequence[Clinic], clock: Clock) -> Iterator[Finding]:
    """Yield what is found; where the server cannot be used, why, and that nothing is known of its clinics."""
    about = f"server {server.id}"
    yield from files(about, server, clock())
    try:
        with client_for(server) as client:
            said = yield from described(about, server, client, clock)
            yield from tokens(about, server, highest(said))
            yield from lets_in(about, server, client)
            for clinic in clinics:
                yield from clinic_findings(clinic, server, client, clock)
    except FhirError as error:
        yield wrong(about, f"{server.base_url}: {error.words}", way_out(server, error))
        for clinic in clinics:
            yield unknown(f"clinic {clinic.id}", f"its places and its schedule, because server {server.id} cannot be used")
