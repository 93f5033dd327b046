"""The nightly look at charts that were verified: was the patient merged, or did others change what was written?"""

import threading
from datetime import timedelta

from fhir_client.client import Client
from fhir_client.errors import FhirError, PatientProblem
from fhir_client.uscore.patient import elements_of
from fhir_client.uscore.undoing import Stand, stand
from fhir_client.writing.charts import patient_as_written
from intake.clock import Clock
from intake.settings import Server, Settings
from intake.store import drifting, undoing
from intake.store.database import Database
from intake.store.drifting import Kept
from intake.sync import written
from intake.sync.clients import client_for
from intake.sync.log import logger

NIGHT = range(1, 5)
"""The hours, by each clinic's own clock, in which a server has the time for it."""
A_DAY = timedelta(hours=20)
"""What was looked at within it was looked at this night."""
BATCH = 50


def look_at_night(settings: Settings, database: Database, clock: Clock, stop: threading.Event) -> None:
    """Look at every server whose clinics all sleep, until everything was looked at this night."""
    for server in settings.servers.values():
        zones = {clinic.time_zone for clinic in settings.clinics.values() if clinic.server == server.id}
        if zones and all(clock().astimezone(zone).hour in NIGHT for zone in zones):
            look(server, database, clock, stop)


def look(server: Server, database: Database, clock: Clock, stop: threading.Event) -> None:
    """Look at what was not looked at for a day; a server that cannot be read now is left until the next minute."""
    try:
        with client_for(server) as client:
            while not stop.is_set() and (rows := _unseen(server, database, clock)):
                for row in rows:
                    _look(client, database, row)
    except FhirError as error:
        logger.warning("drift-unseen", extra={"server": server.id, "reason": type(error).__name__})


def _unseen(server: Server, database: Database, clock: Clock) -> tuple[Kept, ...]:
    with database.read() as tx:
        return drifting.unseen(tx, server.id, clock() - A_DAY, BATCH)


def _look(client: Client, database: Database, row: Kept) -> None:
    found = _drift(client, database, row)
    with database.write() as tx:
        drifting.note(tx, row.id, found)


def _drift(client: Client, database: Database, row: Kept) -> str | None:
    with database.read() as tx:
        key, later = written.key_of(tx), undoing.later(tx, row.id)
    # What a later submission of the patient says is ours, too.
    said_again = {part for each in later for part in written.read(each.earlier).speaks_of}
    try:
        chart = elements_of(patient_as_written(client, row.earlier.sent.patient))
    except PatientProblem:
        return "merged"
    parts = (each for each in written.read(row.earlier).parts if each.element not in said_again)
    return "changed" if any(stand(chart, each, key) is not Stand.OURS for each in parts) else None
