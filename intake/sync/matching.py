"""Whom the desk let in by record number and date of birth: the worker looks for their charts, then and when it delivers."""

from dataclasses import replace

from fhir_client.client import Client
from fhir_client.errors import FhirError, PatientProblem
from fhir_client.uscore.parts import Json
from fhir_client.writing.matching import match
from intake.answers import Sought
from intake.clock import Clock
from intake.settings import Server, Settings
from intake.store import claims, servers, visits
from intake.store.claims import Claimed
from intake.store.database import Database
from intake.store.visits import Search, Visit
from intake.sync.bench import Bench
from intake.sync.clients import client_for
from intake.sync.log import logger
from intake.sync.schedule import seen


def bound(bench: Bench, claimed: Claimed) -> Claimed | None:
    """Return the submission with its patient's chart, looked up where nobody has yet.

    None where another submission of that chart goes first. Raises Unmatched where no chart, or more than one, is the patient's.
    """
    sought = Sought.of(claimed.submission.patient)
    if sought is None:
        return claimed
    found = replace(claimed.submission, patient=f"Patient/{_match(bench.client, sought)['id']}")
    with bench.database.write() as tx:
        return replace(claimed, submission=found) if claims.bind(tx, claimed, found) else None


def seek(settings: Settings, database: Database, clock: Clock, *states: Search) -> bool:
    """Look for the charts of those at the desk, so that it sees names, and mistakes, at once; False where a server fails.

    Answers find their chart without this as well.
    """
    done = [_seek(settings, server, database, clock, states) for server in settings.servers.values()]
    return all(done)


def _seek(settings: Settings, server: Server, database: Database, clock: Clock, states: tuple[Search, ...]) -> bool:
    with database.read() as tx:
        waiting = visits.searched(tx, server.id, *states)
        until = servers.state(tx, server.id).paused_until
    if not waiting:
        return True
    if until is not None and until > clock():
        return False
    try:
        with client_for(server) as client:
            for each in waiting:
                _look(settings, database, client, each)
    except FhirError as error:
        logger.warning("search-failed", extra={"server": server.id, "reason": type(error).__name__})
        return False
    return True


def _look(settings: Settings, database: Database, client: Client, visit: Visit) -> None:
    clinic, sought = settings.clinics.get(visit.clinic), Sought.of(visit.patient)
    if clinic is None or sought is None:
        return
    try:
        chart = _match(client, sought)
        found = replace(seen(visit, clinic, chart), patient=f"Patient/{chart['id']}", sought=Search.FOUND, fault="")
    except PatientProblem as error:
        found = replace(visit, sought=Search.NONE, fault=error.words)
    with database.write() as tx:
        # The desk may have taken them off the list meanwhile.
        if visits.get(tx, visit.id) == visit:
            visits.put(tx, found)


def _match(client: Client, sought: Sought) -> Json:
    return match(client, {"system": sought.system, "value": sought.record_number}, sought.birth_date)
