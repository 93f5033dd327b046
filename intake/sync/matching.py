"""Whom the desk let in by record number and date of birth: the worker looks for their charts, then and when it delivers."""

from dataclasses import replace
from datetime import datetime, timedelta

from fhir_client.client import Client
from fhir_client.errors import FhirError, Refused
from fhir_client.uscore.parts import Json
from fhir_client.writing.matching import match
from intake.answers import Sought
from intake.clock import Clock
from intake.settings import Server, Settings
from intake.store import claims, overtaking, servers, visits
from intake.store.claims import Claimed
from intake.store.database import Database
from intake.store.visits import Search, Visit
from intake.sync.backoff import delay
from intake.sync.bench import Bench
from intake.sync.clients import client_for
from intake.sync.elements import elements_of_all
from intake.sync.log import logger
from intake.sync.outcomes import NotNow
from intake.sync.schedule import seen

REGISTERED_WITHIN = timedelta(hours=2)
"""How long after somebody came their chart may still be made, and so is looked for again before they have answered."""


def bound(bench: Bench, claimed: Claimed) -> Claimed:
    """Return the submission with its patient's chart, looked up where nobody has yet.

    Raises Unmatched where no chart, or more than one, is the patient's; NotNow where another submission of that chart goes
    first: then it stays unbound, for only when its turn has come is it known what was said since.
    """
    sought = Sought.of(claimed.submission.patient)
    if sought is None:
        return claimed
    found = replace(claimed.submission, patient=f"Patient/{_match(bench.client, sought)['id']}")
    with bench.database.write() as tx:
        if not claims.bind(tx, claimed, found, bench.lease):
            # The other one may wait for hours, and each turn of this one is a search: they come less and less often.
            raise NotNow(delay(claimed.row.attempts + 1, bench.chance))
        # What the patient has said since, under their chart, could not be known to be about the same person until now.
        later = elements_of_all(
            (each.submission for each in overtaking.newer(tx, claimed)), bench.settings
        )
        return replace(claims.take_from(tx, claimed, later), submission=found)


def seek(settings: Settings, database: Database, clock: Clock, *states: Search) -> bool:
    """Look for the charts of those at the desk, so that it sees names, and mistakes, at once; False where a server fails.

    Answers find their chart without this as well.
    """
    done = [
        _seek(settings, server, database, clock, states) for server in settings.servers.values()
    ]
    return all(done)


def _seek(
    settings: Settings, server: Server, database: Database, clock: Clock, states: tuple[Search, ...]
) -> bool:
    with database.read() as tx:
        waiting = [
            each for each in visits.searched(tx, server.id, *states) if _may_be_there(each, clock())
        ]
        until = servers.state(tx, server.id).paused_until if waiting else None
    if not waiting:
        return True
    if until is not None and until > clock():
        return False
    try:
        with client_for(server) as client:
            done = [_looked(settings, database, client, each) for each in waiting]
    except FhirError as error:
        return _failed(server.id, error)
    return all(done)


def _may_be_there(visit: Visit, now: datetime) -> bool:
    return visit.sought is Search.NEW or now - visit.starts_at < REGISTERED_WITHIN


def _failed(server: str, error: FhirError) -> bool:
    logger.warning("search-failed", extra={"server": server, "reason": type(error).__name__})
    return False


def _looked(settings: Settings, database: Database, client: Client, visit: Visit) -> bool:
    """Look for one chart; a fault that tells of this search alone keeps no other from being made."""
    try:
        _look(settings, database, client, visit)
    except FhirError as error:
        if error.status is None:
            raise
        return _failed(visit.server, error)
    return True


def _look(settings: Settings, database: Database, client: Client, visit: Visit) -> None:
    clinic, sought = settings.clinics.get(visit.clinic), Sought.of(visit.patient)
    if clinic is None or sought is None:
        return
    try:
        chart = _match(client, sought)
        found = replace(
            seen(visit, clinic, chart),
            patient=f"Patient/{chart['id']}",
            sought=Search.FOUND,
            fault="",
        )
    except Refused as error:
        found = replace(visit, sought=Search.NONE, fault=error.words)
    with database.write() as tx:
        # The desk may have corrected it, or taken them off the list, meanwhile.
        if visits.get(tx, visit.id, lock=True) == visit:
            visits.put(tx, found)


def _match(client: Client, sought: Sought) -> Json:
    return match(
        client, {"system": sought.system, "value": sought.record_number}, sought.birth_date
    )
