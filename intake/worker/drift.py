"""Checks verified charts for drift every night: merges, and changes by others."""

import threading
from datetime import timedelta

from fhir_client.client import FhirClient
from fhir_client.errors import AccessError, FhirError, PatientError, TemporaryError
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.undo_record import ChangeState, change_state
from fhir_client.write.charts import read_written_patient
from intake.clock import Clock
from intake.ehr.clients import build_client
from intake.ehr.contacts import record_contact
from intake.log import error_location, logger
from intake.settings import Server, Settings
from intake.store.database import Database, DatabaseError
from intake.store.outbox import drift_checks, undo_leases
from intake.store.outbox.drift_checks import DriftCandidate
from intake.worker.undo_records import decode_prior_values, keyed_hash

NIGHT_HOURS = range(1, 5)
"""The hours in which a server has time, in the time zone of its first clinic.

One clinic decides, as for the nightly report: clinics that are far apart never all sleep at once.
"""
CHECK_INTERVAL = timedelta(hours=20)
"""A chart that was checked less than this ago was checked this night."""
BATCH_SIZE = 50


def check_drift_at_night(
    settings: Settings, database: Database, clock: Clock, stop: threading.Event
) -> None:
    """Check the charts of every server whose night it is."""
    for server in settings.servers.values():
        zones = (
            clinic.time_zone for clinic in settings.clinics.values() if clinic.server == server.id
        )
        zone = next(zones, None)
        if zone is not None and clock().astimezone(zone).hour in NIGHT_HOURS:
            check_drift(server, database, clock, stop)


def check_drift(server: Server, database: Database, clock: Clock, stop: threading.Event) -> None:
    """Check the charts of one server that are due, in batches, until all are checked.

    A server that cannot be read now is left alone until the next round.
    """
    try:
        with build_client(server) as client:
            while not stop.is_set() and (candidates := _due_candidates(server, database, clock)):
                for candidate in candidates:
                    _check_candidate(client, server, database, candidate)
    except FhirError as error:
        record_contact(database, server.id, error)
        logger.warning("drift-unseen", extra={"server": server.id, "reason": type(error).__name__})


def _due_candidates(server: Server, database: Database, clock: Clock) -> tuple[DriftCandidate, ...]:
    with database.read() as tx:
        return drift_checks.select_candidates(tx, server.id, clock() - CHECK_INTERVAL, BATCH_SIZE)


def _check_candidate(
    client: FhirClient, server: Server, database: Database, candidate: DriftCandidate
) -> None:
    try:
        drift = _find_drift(client, database, candidate)
    except DatabaseError:
        raise
    except Exception as error:
        if isinstance(error, FhirError) and _concerns_server(error):
            raise
        _skip_candidate(server, database, candidate, error)
        if isinstance(error, TemporaryError):
            # The server asked for time, or is in trouble. The next round starts at another chart.
            raise
        return
    with database.write() as tx:
        drift_checks.record_drift(tx, candidate.id, drift)


def _concerns_server(error: FhirError) -> bool:
    """Return whether the error is about the server or our access, not this chart."""
    return isinstance(error, AccessError) or error.status in (None, 401)


def _skip_candidate(
    server: Server, database: Database, candidate: DriftCandidate, error: Exception
) -> None:
    """Leave a chart until the next night.

    Unchecked for the longest time, it would otherwise come first again and keep all others waiting.
    """
    with database.write() as tx:
        drift_checks.record_skipped(tx, candidate.id)
    fields = {
        "server": server.id,
        "submission": candidate.id,
        "reason": type(error).__name__,
        "where": error_location(error),
    }
    logger.warning("drift-passed-over", extra=fields)


def _find_drift(client: FhirClient, database: Database, candidate: DriftCandidate) -> str | None:
    """Return `merged`, `changed`, or None if the chart still holds what was written."""
    with database.read() as tx:
        key = keyed_hash(tx)
        undo_record = drift_checks.decrypt_candidate(tx, candidate)
        later = undo_leases.list_later_submissions(tx, candidate.id)
    # What a later submission of the patient states is no change by others.
    restated = {
        part
        for submission in later
        for part in decode_prior_values(submission.undo_record).stated_parts
    }
    try:
        chart = chart_elements(read_written_patient(client, undo_record.sent.patient))
    except PatientError:
        return "merged"
    parts = (
        part for part in decode_prior_values(undo_record).parts if part.chart_part not in restated
    )
    if any(change_state(chart, part, key) is not ChangeState.WRITTEN for part in parts):
        return "changed"
    return None
