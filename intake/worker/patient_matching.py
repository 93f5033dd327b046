"""Finds charts of patients that the front desk entered by record number."""

from dataclasses import replace
from datetime import datetime, timedelta

from fhir_client.client import FhirClient
from fhir_client.errors import FhirError, RefusedError
from fhir_client.model import Json
from fhir_client.write.patient_matching import match_patient
from intake.answers import MatchCriteria
from intake.clock import Clock
from intake.ehr.clients import build_client
from intake.ehr.contacts import record_contact
from intake.log import logger
from intake.schedule.chart_values import add_chart_values
from intake.settings import Server, Settings
from intake.store import servers, visits
from intake.store.database import Database
from intake.store.outbox import chart_assignment
from intake.store.outbox.leases import LeasedSubmission
from intake.store.visits import MatchState, Visit
from intake.worker.backoff import retry_delay
from intake.worker.context import WorkerContext
from intake.worker.error_outcomes import PostponedError

REGISTRATION_TIME = timedelta(hours=2)
"""The desk can register a new patient this long after arrival.

Until then the worker looks again for a chart that it did not find.
"""


def resolve_patient(context: WorkerContext, leased: LeasedSubmission) -> LeasedSubmission:
    """Return the submission with its patient's chart; find that chart if needed.

    Raises UnmatchedPatientError unless exactly one chart matches. Raises PostponedError if another
    submission of that chart goes first: then no chart is stored, because only at its turn is it
    known what the patient answered later.
    """
    criteria = MatchCriteria.from_reference(leased.submission.patient)
    if criteria is None:
        return leased
    chart = _find_chart(context.client, criteria)
    submission = replace(leased.submission, patient=f"Patient/{chart['id']}")
    with context.database.write() as tx:
        if not chart_assignment.assign_chart(tx, leased, submission, context.lease_duration):
            # The other submission can wait for hours, and each turn of this one costs a search.
            # So the turns come less and less often.
            raise PostponedError(retry_delay(leased.record.attempts + 1, context.jitter))
    return replace(leased, submission=submission)


def match_expected_patients(
    settings: Settings, database: Database, clock: Clock, *states: MatchState
) -> bool:
    """Find the charts of patients that the desk entered; False if a server fails.

    The desk sees names, and its own mistakes, at once. Delivery does not depend on this.
    """
    # A list: a server that fails must not keep the others from their turn.
    succeeded = [
        _match_on_server(settings, server, database, clock, states)
        for server in settings.servers.values()
    ]
    return all(succeeded)


def _match_on_server(
    settings: Settings,
    server: Server,
    database: Database,
    clock: Clock,
    states: tuple[MatchState, ...],
) -> bool:
    with database.read() as tx:
        unmatched = [
            visit
            for visit in visits.list_by_match_state(tx, server.id, *states)
            if _may_have_chart(visit, clock())
        ]
        paused_until = servers.read_state(tx, server.id).paused_until if unmatched else None
    if not unmatched:
        return True
    if paused_until is not None and paused_until > clock():
        return False
    try:
        with build_client(server) as client:
            succeeded = [_match_visit(settings, database, client, visit) for visit in unmatched]
    except FhirError as error:
        record_contact(database, server.id, error)
        return _log_failure(server.id, error)
    return all(succeeded)


def _may_have_chart(visit: Visit, now: datetime) -> bool:
    return visit.match_state is MatchState.NEW or now - visit.starts_at < REGISTRATION_TIME


def _log_failure(server_id: str, error: FhirError) -> bool:
    """Log a failed search and return False."""
    logger.warning("search-failed", extra={"server": server_id, "reason": type(error).__name__})
    return False


def _match_visit(settings: Settings, database: Database, client: FhirClient, visit: Visit) -> bool:
    """Find one chart; an error of this search alone does not stop the others."""
    try:
        _store_match(settings, database, client, visit)
    except FhirError as error:
        # Without a status the server did not answer at all, and will not answer the next search.
        if error.status is None:
            raise
        return _log_failure(visit.server, error)
    return True


def _store_match(settings: Settings, database: Database, client: FhirClient, visit: Visit) -> None:
    clinic = settings.clinics.get(visit.clinic)
    criteria = MatchCriteria.from_reference(visit.patient)
    if clinic is None or criteria is None:
        return
    try:
        chart = _find_chart(client, criteria)
        matched = replace(
            add_chart_values(visit, clinic, chart),
            patient=f"Patient/{chart['id']}",
            match_state=MatchState.FOUND,
            fault="",
        )
    except RefusedError as error:
        matched = replace(visit, match_state=MatchState.NONE, fault=error.message)
    with database.write() as tx:
        # The desk may have corrected or removed the visit during the search.
        if visits.find_visit(tx, visit.id, lock=True) == visit:
            visits.save_visit(tx, matched)


def _find_chart(client: FhirClient, criteria: MatchCriteria) -> Json:
    identifier = {"system": criteria.system, "value": criteria.record_number}
    return match_patient(client, identifier, criteria.birth_date)
