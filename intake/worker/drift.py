"""The nightly look at charts that were verified: was the patient merged, or did others change what was written?"""

import threading
from datetime import timedelta

from fhir_client.client import FhirClient
from fhir_client.errors import AccessError, FhirError, PatientError, TemporaryError
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.undo_record import ChangeState, change_state
from fhir_client.write.charts import read_written_patient
from intake.clock import Clock
from intake.ehr.clients import build_client
from intake.log import error_location, logger
from intake.settings import Server, Settings
from intake.store.database import Database, DatabaseError
from intake.store.outbox import drift_checks, undo_requests
from intake.store.outbox.drift_checks import DriftCandidate
from intake.worker import undo_records

NIGHT = range(1, 5)
"""The hours in which a server has the time for it, by the clock of the first of its clinics.

As for the nightly report one clock decides: clinics that are far apart never all sleep at once.
"""
A_DAY = timedelta(hours=20)
"""What was looked at within it was looked at this night."""
BATCH = 50


def check_drift_at_night(
    settings: Settings, database: Database, clock: Clock, stop: threading.Event
) -> None:
    """Look at every server in its night, until everything was looked at this night."""
    for server in settings.servers.values():
        zones = (
            clinic.time_zone for clinic in settings.clinics.values() if clinic.server == server.id
        )
        zone = next(zones, None)
        if zone is not None and clock().astimezone(zone).hour in NIGHT:
            check_drift(server, database, clock, stop)


def check_drift(server: Server, database: Database, clock: Clock, stop: threading.Event) -> None:
    """Look at what was not looked at for a day; a server that cannot be read now is left until the next minute."""
    try:
        with build_client(server) as client:
            while not stop.is_set() and (rows := _unseen(server, database, clock)):
                for row in rows:
                    _look(client, server, database, row)
    except FhirError as error:
        logger.warning("drift-unseen", extra={"server": server.id, "reason": type(error).__name__})


def _unseen(server: Server, database: Database, clock: Clock) -> tuple[DriftCandidate, ...]:
    with database.read() as tx:
        return drift_checks.select_candidates(tx, server.id, clock() - A_DAY, BATCH)


def _look(client: FhirClient, server: Server, database: Database, row: DriftCandidate) -> None:
    try:
        found = _drift(client, database, row)
    except DatabaseError:
        raise
    except Exception as error:
        if isinstance(error, FhirError) and _is_of_all(error):
            raise
        _pass_over(server, database, row, error)
        if isinstance(error, TemporaryError):
            # The server asked for time, or is in trouble: the next minute begins with another chart.
            raise
        return
    with database.write() as tx:
        drift_checks.record_drift(tx, row.id, found)


def _is_of_all(error: FhirError) -> bool:
    """Return whether the error tells of the server or our way in, and nothing of the chart that was asked for."""
    return isinstance(error, AccessError) or error.status in (None, 401)


def _pass_over(server: Server, database: Database, row: DriftCandidate, error: Exception) -> None:
    """Leave a row until the next night: as the longest unseen it would come first again, and keep all others unseen."""
    with database.write() as tx:
        drift_checks.record_skipped(tx, row.id)
    told = {
        "server": server.id,
        "submission": row.id,
        "reason": type(error).__name__,
        "where": error_location(error),
    }
    logger.warning("drift-passed-over", extra=told)


def _drift(client: FhirClient, database: Database, row: DriftCandidate) -> str | None:
    with database.read() as tx:
        key, mine, later = (
            undo_records.keyed_hash(tx),
            drift_checks.decrypt_candidate(tx, row),
            undo_requests.list_later_submissions(tx, row.id),
        )
    # What a later submission of the patient says is ours, too.
    said_again = {
        part
        for each in later
        for part in undo_records.decode_prior_values(each.undo_record).stated_parts
    }
    try:
        chart = chart_elements(read_written_patient(client, mine.sent.patient))
    except PatientError:
        return "merged"
    parts = (
        each
        for each in undo_records.decode_prior_values(mine).parts
        if each.element not in said_again
    )
    return (
        "changed"
        if any(change_state(chart, each, key) is not ChangeState.WRITTEN for each in parts)
        else None
    )
