"""Whom the desk let in by record number and date of birth: the worker looks for their charts, then and when it delivers."""

from dataclasses import replace
from datetime import datetime, timedelta

from fhir_client.client import FhirClient
from fhir_client.errors import FhirError, RefusedError
from fhir_client.model import Json
from fhir_client.write.patient_matching import match_patient
from intake.answers import MatchCriteria
from intake.clock import Clock
from intake.ehr.clients import build_client
from intake.log import logger
from intake.mapping.elements import all_covered_elements
from intake.schedule.fetch import add_chart_values
from intake.settings import Server, Settings
from intake.store import servers, visits
from intake.store.database import Database
from intake.store.outbox import leases, supersede
from intake.store.outbox.leases import LeasedSubmission
from intake.store.visits import MatchState, Visit
from intake.worker.backoff import retry_delay
from intake.worker.context import WorkerContext
from intake.worker.outcomes import PostponedError

REGISTERED_WITHIN = timedelta(hours=2)
"""How long after somebody came their chart may still be made, and so is looked for again before they have answered."""


def resolve_patient(bench: WorkerContext, claimed: LeasedSubmission) -> LeasedSubmission:
    """Return the submission with its patient's chart, looked up where nobody has yet.

    Raises Unmatched where no chart, or more than one, is the patient's; NotNow where another submission of that chart goes
    first: then it stays unbound, for only when its turn has come is it known what was said since.
    """
    sought = MatchCriteria.from_reference(claimed.submission.patient)
    if sought is None:
        return claimed
    found = replace(claimed.submission, patient=f"Patient/{_match(bench.client, sought)['id']}")
    with bench.database.write() as tx:
        if not leases.assign_chart(tx, claimed, found, bench.lease_duration):
            # The other one may wait for hours, and each turn of this one is a search: they come less and less often.
            raise PostponedError(retry_delay(claimed.record.attempts + 1, bench.jitter))
        # What the patient has said since, under their chart, could not be known to be about the same person until now.
        later = all_covered_elements(
            (each.submission for each in supersede.list_newer_delivered(tx, claimed)),
            bench.settings,
        )
        return replace(leases.drop_superseded_elements(tx, claimed, later), submission=found)


def match_expected_patients(
    settings: Settings, database: Database, clock: Clock, *states: MatchState
) -> bool:
    """Look for the charts of those at the desk, so that it sees names, and mistakes, at once; False where a server fails.

    Answers find their chart without this as well.
    """
    done = [
        _seek(settings, server, database, clock, states) for server in settings.servers.values()
    ]
    return all(done)


def _seek(
    settings: Settings,
    server: Server,
    database: Database,
    clock: Clock,
    states: tuple[MatchState, ...],
) -> bool:
    with database.read() as tx:
        waiting = [
            each
            for each in visits.list_by_match_state(tx, server.id, *states)
            if _may_be_there(each, clock())
        ]
        until = servers.read_state(tx, server.id).paused_until if waiting else None
    if not waiting:
        return True
    if until is not None and until > clock():
        return False
    try:
        with build_client(server) as client:
            done = [_looked(settings, database, client, each) for each in waiting]
    except FhirError as error:
        return _failed(server.id, error)
    return all(done)


def _may_be_there(visit: Visit, now: datetime) -> bool:
    return visit.sought is MatchState.NEW or now - visit.starts_at < REGISTERED_WITHIN


def _failed(server: str, error: FhirError) -> bool:
    logger.warning("search-failed", extra={"server": server, "reason": type(error).__name__})
    return False


def _looked(settings: Settings, database: Database, client: FhirClient, visit: Visit) -> bool:
    """Look for one chart; a fault that tells of this search alone keeps no other from being made."""
    try:
        _look(settings, database, client, visit)
    except FhirError as error:
        if error.status is None:
            raise
        return _failed(visit.server, error)
    return True


def _look(settings: Settings, database: Database, client: FhirClient, visit: Visit) -> None:
    clinic, sought = settings.clinics.get(visit.clinic), MatchCriteria.from_reference(visit.patient)
    if clinic is None or sought is None:
        return
    try:
        chart = _match(client, sought)
        found = replace(
            add_chart_values(visit, clinic, chart),
            patient=f"Patient/{chart['id']}",
            sought=MatchState.FOUND,
            fault="",
        )
    except RefusedError as error:
        found = replace(visit, sought=MatchState.NONE, fault=error.message)
    with database.write() as tx:
        # The desk may have corrected it, or taken them off the list, meanwhile.
        if visits.find_visit(tx, visit.id, lock=True) == visit:
            visits.save_visit(tx, found)


def _match(client: FhirClient, sought: MatchCriteria) -> Json:
    return match_patient(
        client, {"system": sought.system, "value": sought.record_number}, sought.birth_date
    )
