"""The chart of somebody of whom record number and birth date are known: exactly one, or a person has to look."""

from collections.abc import Iterator
from datetime import date

from fhir_client.client import FhirClient
from fhir_client.errors import PatientError, RefusedError, ServerError
from fhir_client.model import Json
from fhir_client.transport.responses import UNSUPPORTED_STATUSES
from fhir_client.write.charts import read_current_patient
from fhir_client.write.lookup import search_by_identifier

NO_SEARCH = UNSUPPORTED_STATUSES | {403, 404}
"""Statuses of a server that does not let anybody search so, which others than a search do not need."""


class UnmatchedPatientError(PatientError):
    """No chart, or more than one, is that of the person; the words tell neither number nor date."""


def match_patient(client: FhirClient, identifier: Json, birth_date: date) -> Json:
    """Return the one Patient that carries the identifier and was born that day; of charts that were merged it is the last.

    The server is asked for the identifier alone, and both are compared here: a search that a server takes loosely must not
    lead into another person's chart. Raises Unmatched, and Refused where the server does not search so.
    """
    found = {each["id"]: each for each in _asked(client, identifier)}
    if not found:
        raise UnmatchedPatientError("No chart in use has this record number.")
    mine = [each for each in found.values() if each.get("birthDate") == birth_date.isoformat()]
    if not mine:
        raise UnmatchedPatientError(
            "The chart of this record number has another date of birth, or no whole one."
        )
    if len(mine) > 1:
        raise UnmatchedPatientError("More than one chart has this record number and date of birth.")
    return mine[0]


def _asked(client: FhirClient, identifier: Json) -> list[Json]:
    try:
        return list(_in_use(client, identifier))
    except RefusedError as error:
        raise UnmatchedPatientError(
            "The server refuses to look for this record number.", error.status
        ) from None
    except ServerError as error:
        if error.status not in NO_SEARCH:
            raise
        # A wrong base URL answers 404 as well, which is the server's fault and no patient's: this raises ServerFault then.
        client.read_capabilities()
        raise RefusedError(
            f"The server answered {error.status}: it does not look for record numbers.",
            error.status,
        ) from None


def _in_use(client: FhirClient, identifier: Json) -> Iterator[Json]:
    for each in search_by_identifier(client, "Patient", identifier, unlogged=True):
        try:
            yield read_current_patient(client, f"Patient/{each['id']}")
        except PatientError:
            # Closed, or merged into nobody knows what: it keeps no other chart of the number from being the one.
            continue
