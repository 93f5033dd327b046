"""The chart that a submission may be written to: found through merges of charts, and refused where a person has to look."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from fhir_client.client import FhirClient
from fhir_client.errors import ChartConflictError, GoneError, PatientError, RefusedError
from fhir_client.model import Conflict, Element, Json
from fhir_client.references import local_reference
from fhir_client.uscore.chart import (
    canonical_text,
    chart_elements,
    describe_elements,
    element_meanings,
    parse_chart_elements,
)
from fhir_client.uscore.patient_merge import PatientMerge
from fhir_client.write.patient_reports import (
    ElementReport,
    read_reports,
    reported_by_patient,
    reported_elsewhere,
)

REPLACEMENTS = 5
PARTIAL = frozenset({"SUBSETTED", "REDACTED", "MASKED"})
"""Codes of v3-ObservationValue by which a server says in `meta` that it does not show all of a resource (R4, resource.html)."""
CHANGED = "The chart was changed after the visit began"
OTHERWISE = "Somebody answered for the patient, who said otherwise themselves"


@dataclass(frozen=True, slots=True)
class MergeContext:
    """What the visit knew of its patient: the birth date, and what the chart said then (`elements_of`); None: not known.

    `mended` are the elements that an earlier submission may have changed since, for which the chart then is no measure.
    `ours` are the earlier submissions of the patient that were sent: what they left is no word of anybody else.
    `settled` are the elements that a person decided about, and over which value of the chart (`Contested.over`).
    """

    birth_date: date | None = None
    chart: Mapping[str, Any] | None = None
    corrected_elements: frozenset[str] = frozenset()
    own_submissions: frozenset[UUID] = frozenset()
    decided_values: Mapping[str, str] = field(default_factory=dict)


def read_current_patient(client: FhirClient, reference: str) -> Json:
    """Return the Patient, following `replaced-by` where charts were merged; raises PatientProblem."""
    seen: list[str] = []
    while reference not in seen:
        if len(seen) > REPLACEMENTS:
            raise PatientError(
                f"More than {REPLACEMENTS} of the patient's charts replace each other."
            )
        seen.append(reference)
        patient = _read(client, reference)
        links = _replacements(patient)
        if not links:
            if patient.get("active") is False:
                raise PatientError(
                    "The patient's chart is inactive, and no other chart replaces it."
                )
            return patient
        reference = _other(client, links[0])
    raise PatientError("The patient's charts replace each other in a loop.")


def read_written_patient(client: FhirClient, reference: str) -> Json:
    """Return the Patient that was written to; raises PatientProblem where its chart is another one by now."""
    patient = _read(client, reference)
    if _replacements(patient) or patient.get("active") is False:
        raise PatientError(
            "The patient's chart was merged into another one, or closed, since this was written."
        )
    return patient


def _read(client: FhirClient, reference: str) -> Json:
    try:
        return client.read(reference)
    except GoneError as error:
        # A wrong base URL answers 404 as well, which is the server's fault and no patient's: this raises ServerFault then.
        client.read_capabilities()
        raise PatientError("The server has no such patient (any more).", error.status) from None


def _replacements(patient: Json) -> list[Json]:
    return [each for each in patient.get("link", []) if each.get("type") == "replaced-by"]


def _other(client: FhirClient, link: Json) -> str:
    named = str(link.get("other", {}).get("reference", ""))
    found = local_reference(named, "Patient")
    if found is None:
        raise PatientError("The patient's chart was replaced by another one that it does not name.")
    # The same id on another server is another person.
    if (base := named.rpartition("/Patient/")[0]) and base not in _bases(client):
        raise PatientError("The patient's chart was replaced by one on another server.")
    return found


def _bases(client: FhirClient) -> Iterator[str]:
    """Yield the base URLs of the server: ours, and behind a proxy the one that it knows itself by."""
    yield client.base_url
    itself = client.read_capabilities().get("implementation")
    yield str(itself.get("url", "")).rstrip("/") if isinstance(itself, dict) else ""


def read_chart(client: FhirClient, reference: str, known: MergeContext) -> Json:
    """Return the current Patient; raises PatientProblem, also where its birth date is not the visit's: another person's."""
    patient = read_current_patient(client, reference)
    if known.birth_date is not None and patient.get("birthDate") != known.birth_date.isoformat():
        raise PatientError("The chart's birth date is not the one that the visit was found by.")
    return patient


def refuse_partial_chart(patient: Json) -> None:
    """Raise Refused where the server shows only a part of the chart, which must not be put back as the whole of it."""
    meta = patient.get("meta", {})
    marks = {
        str(each.get("code")) for each in (*meta.get("tag", []), *meta.get("security", []))
    } & PARTIAL
    if marks:
        said = ", ".join(sorted(marks))
        raise RefusedError(
            f"The server shows only a part of the chart ({said}), and by this way to write the rest would be lost."
        )


def refuse_conflicts(
    client: FhirClient | None,
    patient: Json,
    merge: PatientMerge,
    known: MergeContext,
    *,
    by_another: bool = False,
) -> None:
    """Raise ChartChanged where a value would be overwritten that a person has to decide about, and has not yet.

    That is what others changed since the visit began; where nobody knows what the chart said then, what the patient told
    somebody else (FHIR.md, section 6); and, where somebody answers for the patient, what they said themselves. Without
    `client` there are no Observations that would tell who said what.
    """
    now, merged = (
        element_meanings(chart_elements(patient)),
        element_meanings(chart_elements(merge.patient)),
    )
    lost = [name for name, said in now.items() if said and said != merged[name]]
    lost = [name for name in lost if known.decided_values.get(name) != canonical_text(now[name])]
    if not lost:
        return
    asked = client if by_another or known.chart is None else None
    every = () if asked is None else tuple(read_reports(asked, f"Patient/{patient['id']}"))
    own = reported_by_patient(every) if by_another else frozenset[str]()
    changed = _changed(now, known, every) - known.corrected_elements
    contested = [name for name in lost if name in own | changed]
    if contested:
        held, said = describe_elements(patient), describe_elements(merge.patient)
        each = tuple(
            Conflict(name, held[name], said[name], canonical_text(now[name]), name in own)
            for name in contested
        )
        raise ChartConflictError(OTHERWISE if own.issuperset(contested) else CHANGED, each)


def _changed(
    now: Mapping[Element, frozenset[object]], known: MergeContext, every: tuple[ElementReport, ...]
) -> frozenset[str]:
    """Return the elements that others changed since the visit began; without knowing the chart then, what others were told."""
    if known.chart is None:
        return reported_elsewhere(every, known.own_submissions)
    then = element_meanings(parse_chart_elements(known.chart))
    return frozenset(name for name, said in now.items() if said != then[name])
