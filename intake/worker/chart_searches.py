"""Searches charts for reviewers who choose the chart of a held submission."""

from collections.abc import Iterator
from itertools import islice

from fhir_client.client import FhirClient
from fhir_client.errors import FhirError, ServerError, TemporaryError
from fhir_client.model import Json
from fhir_client.transport.responses import BARRED_STATUSES
from fhir_client.transport.tolerant_json import list_objects
from fhir_client.write.lookup import search_by_identifier
from intake.clock import Clock
from intake.ehr.clients import build_client
from intake.ehr.contacts import record_contact
from intake.log import error_location, logger
from intake.schedule.chart_values import find_record_number, name_parts
from intake.settings import Server, Settings
from intake.store import servers
from intake.store.database import Database
from intake.store.outbox import chart_searches
from intake.store.outbox.chart_searches import CandidateChart, ChartCriteria, ChartSearch

MOST_CHARTS = 20
"""A search by name with more charts than this needs the record number."""
NOTHING_FOUND = "The EHR has no chart in use for this search."
TOO_MANY = f"The EHR has more than {MOST_CHARTS} charts for this search. These are the first."
NOT_SEARCHABLE = "The EHR does not allow this search."
UNREADABLE = "The EHR's answer to this search cannot be read."


def run_chart_searches(settings: Settings, database: Database, clock: Clock) -> bool:
    """Make every open search; False if a server fails, so that it is not asked every second."""
    # A list: a server that fails must not keep the others from their turn.
    succeeded = [_search_server(server, database, clock) for server in settings.servers.values()]
    return all(succeeded)


def _search_server(server: Server, database: Database, clock: Clock) -> bool:
    with database.read() as tx:
        searches = chart_searches.list_open_searches(tx, server.id)
        is_paused = servers.read_state(tx, server.id).remaining_pause(clock()) is not None
    if not searches or is_paused:
        return not searches
    try:
        with build_client(server) as client:
            for search in searches:
                _search_charts(client, database, search)
    except FhirError as error:
        # The search stays open. The page says since when the server has not answered.
        record_contact(database, server.id, error)
        logger.warning(
            "chart-search-failed", extra={"server": server.id, "reason": type(error).__name__}
        )
        return False
    record_contact(database, server.id)
    return True


def _search_charts(client: FhirClient, database: Database, search: ChartSearch) -> None:
    try:
        charts = tuple(islice(_find_charts(client, search.criteria), MOST_CHARTS + 1))
        words = TOO_MANY if len(charts) > MOST_CHARTS else "" if charts else NOTHING_FOUND
    except FhirError as error:
        if isinstance(error, TemporaryError) or (
            isinstance(error, ServerError) and error.status not in BARRED_STATUSES
        ):
            raise
        charts, words = (), NOT_SEARCHABLE
    except Exception as error:  # noqa: BLE001
        # One odd chart must not keep the reviewer waiting for ever.
        charts, words = (), UNREADABLE
        fields = {"submission": search.submission, "where": error_location(error)}
        logger.error("chart-search-failed", extra=fields)
    with database.write() as tx:
        chart_searches.finish_search(tx, search, charts[:MOST_CHARTS], words)


def _find_charts(client: FhirClient, criteria: ChartCriteria) -> Iterator[CandidateChart]:
    for patient in _search_patients(client, criteria):
        links = list_objects(patient.get("link"))
        is_replaced = any(link.get("type") == "replaced-by" for link in links)
        if patient.get("active") is False or is_replaced:
            continue
        yield CandidateChart(
            f"Patient/{patient['id']}",
            " ".join(name_parts(patient)),
            str(patient.get("birthDate", "")),
            str(patient.get("gender", "")),
            find_record_number(patient, criteria.system) or "",
        )


def _search_patients(client: FhirClient, criteria: ChartCriteria) -> Iterator[Json]:
    if criteria.record_number:
        identifier = {"system": criteria.system, "value": criteria.record_number}
        yield from search_by_identifier(client, "Patient", identifier, unlogged=True)
        return
    born = "" if criteria.birth_date is None else criteria.birth_date.isoformat()
    parameters = {"family": criteria.family_name, "birthdate": born}
    for patient in client.search("Patient", parameters, unlogged=True):
        # A server that ignores a search parameter returns everybody's charts.
        if patient.get("resourceType") == "Patient" and patient.get("birthDate") == born:
            yield patient
