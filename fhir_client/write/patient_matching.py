"""Matches a patient to exactly one chart by record number and birth date."""

from collections.abc import Iterator
from datetime import date

from fhir_client.client import FhirClient
from fhir_client.errors import PatientError, RefusedError, ServerError, UnmatchedPatientError
from fhir_client.model import Json
from fhir_client.transport.responses import UNSUPPORTED_STATUSES
from fhir_client.write.charts import read_current_patient
from fhir_client.write.lookup import search_by_identifier

__all__ = ["UnmatchedPatientError", "match_patient"]

# Statuses of a server that does not allow this search. Other submissions do not need it, so they
# are no reason to pause the server.
NO_SEARCH_STATUSES = UNSUPPORTED_STATUSES | {403, 404}


def match_patient(client: FhirClient, identifier: Json, birth_date: date) -> Json:
    """Return the one Patient with the identifier and the birth date.

    It follows merged charts.

    The server searches by the identifier, and this function compares both values itself. A loose
    search must not lead into another patient's chart. Raises UnmatchedPatientError, and
    RefusedError where the server has no such search.
    """
    # Two numbers of one patient can lead to the same chart, so charts are counted by id.
    charts = {chart["id"]: chart for chart in _search_charts(client, identifier)}
    if not charts:
        raise UnmatchedPatientError("No chart in use has this record number.")
    matches = [
        chart for chart in charts.values() if chart.get("birthDate") == birth_date.isoformat()
    ]
    if not matches:
        raise UnmatchedPatientError(
            "The chart of this record number has another date of birth, or no whole one."
        )
    if len(matches) > 1:
        raise UnmatchedPatientError("More than one chart has this record number and date of birth.")
    return matches[0]


def _search_charts(client: FhirClient, identifier: Json) -> list[Json]:
    try:
        return list(_charts_in_use(client, identifier))
    except RefusedError as error:
        raise UnmatchedPatientError(
            "The server refuses to look for this record number.", error.status
        ) from None
    except ServerError as error:
        if error.status not in NO_SEARCH_STATUSES:
            raise
        # A wrong base URL also answers 404. That is the server's fault and not the patient's, and
        # then this call raises ServerError.
        client.read_capabilities()
        raise RefusedError(
            f"The server answered {error.status}: it does not look for record numbers.",
            error.status,
        ) from None


def _charts_in_use(client: FhirClient, identifier: Json) -> Iterator[Json]:
    for patient in search_by_identifier(client, "Patient", identifier, unlogged=True):
        try:
            yield read_current_patient(client, f"Patient/{patient['id']}")
        except PatientError:
            # A closed chart must not prevent a match with another chart of the same number.
            continue
