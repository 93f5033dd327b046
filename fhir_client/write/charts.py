"""Reads the chart of a submission: follows merges, refuses wrong charts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from fhir_client.client import FhirClient
from fhir_client.errors import GoneError, PatientError, RefusedError
from fhir_client.model import Json
from fhir_client.references import local_reference
from fhir_client.uscore.chart_shape import require_shape

MAX_REPLACEMENTS = 5
# Codes of v3-ObservationValue by which `meta` marks a partial resource (R4, resource.html).
PARTIAL_CODES = frozenset({"SUBSETTED", "REDACTED", "MASKED"})


@dataclass(frozen=True, slots=True)
class MergeContext:
    """Facts about the visit that decide whether a chart value may be replaced.

    - `birth_date`: the patient's birth date in the visit.
    - `chart`: the chart's elements when the visit began, None where they are unknown.
    - `corrected_elements`: elements that an earlier submission may have changed since, so that the
      visit's chart no longer says whether others changed them.
    - `own_submissions`: earlier submissions of the patient that were sent. Their Observations are
      not a statement by another source.
    - `decided_values`: per element, the chart value (`Conflict.chart_key`) that a reviewer decided.
    """

    birth_date: date | None = None
    chart: Mapping[str, Any] | None = None
    corrected_elements: frozenset[str] = frozenset()
    own_submissions: frozenset[UUID] = frozenset()
    decided_values: Mapping[str, str] = field(default_factory=dict)


def read_current_patient(client: FhirClient, reference: str) -> Json:
    """Return the Patient, following `replaced-by` where charts were merged.

    Raises PatientError, and MalformedChartError for a chart that no merge can read.
    """
    seen: list[str] = []
    while reference not in seen:
        if len(seen) > MAX_REPLACEMENTS:
            raise PatientError(
                f"More than {MAX_REPLACEMENTS} of the patient's charts replace each other."
            )
        seen.append(reference)
        patient = _read_patient(client, reference)
        links = _replacement_links(patient)
        if not links:
            # A missing `active` means that the chart is in use (R4, patient.html).
            if patient.get("active") is False:
                raise PatientError(
                    "The patient's chart is inactive, and no other chart replaces it."
                )
            return patient
        reference = _replacement_reference(client, links[0])
    raise PatientError("The patient's charts replace each other in a loop.")


def read_written_patient(client: FhirClient, reference: str) -> Json:
    """Return the Patient of an earlier write.

    Raises PatientError where the chart was merged or closed.
    """
    patient = _read_patient(client, reference)
    if _replacement_links(patient) or patient.get("active") is False:
        raise PatientError(
            "The patient's chart was merged into another one, or closed, since this was written."
        )
    return patient


def _read_patient(client: FhirClient, reference: str) -> Json:
    try:
        patient = client.read(reference)
    except GoneError as error:
        # A wrong base URL also answers 404. That is the server's fault and not the patient's, and
        # then this call raises ServerError.
        client.read_capabilities()
        raise PatientError("The server has no such patient.", error.status) from None
    require_shape(patient)
    return patient


def _replacement_links(patient: Json) -> list[Json]:
    return [link for link in patient.get("link", []) if link.get("type") == "replaced-by"]


def _replacement_reference(client: FhirClient, link: Json) -> str:
    named = str(link.get("other", {}).get("reference", ""))
    reference = local_reference(named, "Patient")
    if reference is None:
        raise PatientError("The patient's chart was replaced by another one that it does not name.")
    # The same id on another server is another patient.
    if (base := named.rpartition("/Patient/")[0]) and base not in _server_bases(client):
        raise PatientError("The patient's chart was replaced by one on another server.")
    return reference


def _server_bases(client: FhirClient) -> Iterator[str]:
    """Yield the server's base URLs: ours, and the one that it gives itself.

    They differ behind a proxy.
    """
    yield client.base_url
    implementation = client.read_capabilities().get("implementation")
    yield (
        str(implementation.get("url", "")).rstrip("/") if isinstance(implementation, dict) else ""
    )


def read_chart(client: FhirClient, reference: str, context: MergeContext) -> Json:
    """Return the current Patient; raises PatientError, also for another birth date.

    A chart with another birth date than the visit's is another patient's.
    """
    patient = read_current_patient(client, reference)
    expected = context.birth_date
    if expected is not None and patient.get("birthDate") != expected.isoformat():
        raise PatientError("The chart's birth date is not the one that the visit was found by.")
    return patient


def refuse_partial_chart(patient: Json) -> None:
    """Raise RefusedError where the server shows only a part of the chart.

    A strategy that puts the whole chart back would delete the rest.
    """
    meta = patient.get("meta", {})
    codes = {
        str(coding.get("code")) for coding in (*meta.get("tag", []), *meta.get("security", []))
    }
    if marks := sorted(codes & PARTIAL_CODES):
        raise RefusedError(
            f"The server shows only a part of the chart ({', '.join(marks)}), and this write "
            "strategy would lose the rest."
        )
