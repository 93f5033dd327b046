"""Finds chart values that a reviewer must decide about before a write."""

from collections.abc import Mapping

from fhir_client.client import FhirClient
from fhir_client.errors import ChartConflictError
from fhir_client.model import Conflict, Element, Json, UntouchedChoice
from fhir_client.uscore.chart import (
    canonical_text,
    describe_elements,
    element_meanings,
    parse_chart_elements,
    patient_meanings,
)
from fhir_client.uscore.patient_merge import PatientMerge
from fhir_client.write.charts import MergeContext
from fhir_client.write.patient_reports import (
    ElementReport,
    read_reports,
    reported_by_patient,
    reported_elsewhere,
)

CHART_CHANGED = "The chart was changed after the visit began"
CHANGED_SINCE_ANSWER = "The chart was changed after the answers that this corrects were written"
SAYS_MORE = "The chart says more than the patient said"
PATIENT_DISAGREES = (
    "The answers come from another person, and the patient said otherwise themselves"
)
REPORTED_ELSEWHERE = (
    "Another source recorded a different answer, and no visit shows what the chart had before"
)

Meanings = Mapping[Element, frozenset[object]]
"""What a chart says of each element, in a form to compare."""


def refuse_conflicts(
    client: FhirClient | None,
    patient: Json,
    merge: PatientMerge,
    context: MergeContext,
    *,
    by_another: bool = False,
    unvalued: frozenset[str] = frozenset(),
) -> None:
    """Raise ChartConflictError for values that a reviewer must decide about first.

    Five kinds of value need a decision:

    - a value that others changed since the visit began;
    - a value that others wrote over answers that are corrected now. It needs one even where the
      correction has no value to write: `unvalued` are these elements;
    - a value that a combined question left untouched, where the site reviews these;
    - a value that the patient told another source, where the chart at that time is unknown;
    - a value that the patient reported, where another person answers for them (`by_another`).

    `client` is None for a server whose Observations are not read.
    """
    meanings = patient_meanings(patient)
    undecided_values = _undecided_elements(meanings, context)
    replaced = _replaced_elements(meanings, merge, undecided_values)
    foreign = [
        element
        for element in undecided_values
        if element in merge.foreign_elements and (element in replaced or element in unvalued)
    ]
    if surplus := [
        element
        for element in undecided_values
        if merge.untouched_elements.get(element) is UntouchedChoice.REVIEW
    ]:
        conflicts = _describe(surplus, patient, merge, frozenset(), SAYS_MORE)
        raise ChartConflictError(SAYS_MORE, conflicts)
    if foreign:
        conflicts = _describe(foreign, patient, merge, frozenset(), CHANGED_SINCE_ANSWER)
        raise ChartConflictError(CHANGED_SINCE_ANSWER, conflicts)
    if not replaced:
        return
    # Most writes replace nothing, or know the visit's chart. They need no search for Observations.
    reader = client if by_another or context.chart is None else None
    reports = () if reader is None else tuple(read_reports(reader, f"Patient/{patient['id']}"))
    from_patient = reported_by_patient(reports) if by_another else frozenset[str]()
    changed = _changed_by_others(meanings, context, reports) - context.corrected_elements
    # If the chart only says that no answer is known, an answer contradicts nothing.
    changed -= merge.unanswered_elements
    undecided = [element for element in replaced if element in from_patient | changed]
    if undecided:
        # Only a visit that knew its chart can tell that others changed it since.
        reason = REPORTED_ELSEWHERE if context.chart is None else CHART_CHANGED
        conflicts = _describe(undecided, patient, merge, from_patient, reason)
        raise ChartConflictError(_join_reasons(conflicts), conflicts)


def _join_reasons(conflicts: tuple[Conflict, ...]) -> str:
    """Return the reason that all share, or each reason with its own elements."""
    elements: dict[str, list[str]] = {}
    for conflict in conflicts:
        elements.setdefault(conflict.reason, []).append(conflict.element)
    if len(elements) == 1:
        return conflicts[0].reason
    return "; ".join(f"{reason}: {', '.join(names)}" for reason, names in elements.items())


def _undecided_elements(meanings: Meanings, context: MergeContext) -> list[Element]:
    """Return the elements with a chart value that no reviewer has decided about."""
    return [
        element
        for element, meaning in meanings.items()
        if meaning and context.decided_values.get(element) != canonical_text(meaning)
    ]


def _replaced_elements(
    meanings: Meanings, merge: PatientMerge, elements: list[Element]
) -> list[Element]:
    """Return those of the elements whose chart value the merge replaces."""
    merged = patient_meanings(merge.patient)
    return [element for element in elements if meanings[element] != merged[element]]


def _changed_by_others(
    meanings: Meanings, context: MergeContext, reports: tuple[ElementReport, ...]
) -> frozenset[str]:
    """Return the elements that others changed since the visit began.

    Where the visit's chart is unknown, only the patient's reports to others show a change.
    """
    if context.chart is None:
        return reported_elsewhere(reports, context.own_submissions)
    at_visit = element_meanings(parse_chart_elements(context.chart))
    return frozenset(
        element for element, meaning in meanings.items() if meaning != at_visit[element]
    )


def _describe(
    elements: list[Element],
    patient: Json,
    merge: PatientMerge,
    from_patient: frozenset[str],
    reason: str,
) -> tuple[Conflict, ...]:
    meanings = patient_meanings(patient)
    in_chart, in_answer = describe_elements(patient), describe_elements(merge.patient)
    return tuple(
        Conflict(
            element,
            in_chart[element],
            in_answer[element],
            canonical_text(meanings[element]),
            element in from_patient,
            PATIENT_DISAGREES if element in from_patient else reason,
        )
        for element in elements
    )
