"""The nightly look at charts that were verified: was the patient merged, or did others change what was written?"""

import threading
from datetime import timedelta

from fhir_client.client import Client
from fhir_client.errors import AccessFault, FhirError, PatientProblem, Temporary
from fhir_client.uscore.patient import elements_of
from fhir_client.uscore.undoing import Stand, stand
from fhir_client.writing.charts import patient_as_written
from intake.clock import Clock
from intake.settings import Server, Settings
from intake.store import drifting, undoing
from intake.store.database import Database, DatabaseFault
from intake.store.drifting import Kept
from intake.sync import written
from intake.sync.clients import client_for
from intake.sync.log import logger, where

NIGHT = range(1, 5)
"""The hours in which a server has the time for it, by the clock of the first of its clinics.

As for the nightly report one clock decides: clinics that are far apart never all sleep at once.
"""
A_DAY = timedelta(hours=20)
"""What was looked at within it was looked at this night."""
BATCH = 50


def look_at_night(
    settings: Settings, database: Database, clock: Clock, stop: threading.Event
) -> None:
    """Look at every server in its night, until everything was looked at this night."""
    for server in settings.servers.values():
        zones = (
            clinic.time_zone for clinic in settings.clinics.values() if clinic.server == server.id
        )
        zone = next(zones, None)
        if zone is not None and clock().astimezone(zone).hour in NIGHT:
            look(server, database, clock, stop)


def look(server: Server, database: Database, clock: Clock, stop: threading.Event) -> None:
    """Look at what was not looked at for a day; a server that cannot be read now is left until the next minute."""
    try:
        with client_for(server) as client:
            while not stop.is_set() and (rows := _unseen(server, database, clock)):
                for row in rows:
                    _look(client, server, database, row)
    except FhirError as error:
        logger.warning("drift-unseen", extra={"server": server.id, "reason": type(error).__name__})


def _unseen(server: Server, database: Database, clock: Clock) -> tuple[Kept, ...]:
    with database.read() as tx:
        return drifting.unseen(tx, server.id, clock() - A_DAY, BATCH)


def _look(client: Client, server: Server, database: Database, row: Kept) -> None:
    try:
        found = _drift(client, database, row)
    except DatabaseFault:
        raise
    except Exception as error:
        if isinstance(error, FhirError) and _is_of_all(error):
            raise
        _pass_over(server, database, row, error)
        if isinstance(error, Temporary):
            # The server asked for time, or is in trouble: the next minute begins with another chart.
            raise
        return
    with database.write() as tx:
        drifting.note(tx, row.id, found)


def _is_of_all(error: FhirError) -> bool:
    """Return whether the error tells of the server or our way in, and nothing of the chart that was asked for."""
    return isinstance(error, AccessFault) or error.status in (None, 401)


def _pass_over(server: Server, database: Database, row: Kept, error: Exception) -> None:
    """Leave a row until the next night: as the longest unseen it would come first again, and keep all others unseen."""
    with database.write() as tx:
        drifting.passed_over(tx, row.id)
    told = {
        "server": server.id,
        "submission": row.id,
        "reason": type(error).__name__,
        "where": where(error),
    }
    logger.warning("drift-passed-over", extra=told)


def _drift(client: Client, database: Database, row: Kept) -> str | None:
    with database.read() as tx:
        key, mine, later = written.key_of(tx), drifting.opened(tx, row), undoing.later(tx, row.id)
    # What a later submission of the patient says is ours, too.
    said_again = {part for each in later for part in written.read(each.earlier).speaks_of}
    try:
        chart = elements_of(patient_as_written(client, mine.sent.patient))
    except PatientProblem:
        return "merged"
    parts = (each for each in written.read(mine).parts if each.element not in said_again)
    return "changed" if any(stand(chart, each, key) is not Stand.OURS for each in parts) else None
