"""The merge: a statement's values go into the Patient, and everything else in it stays."""

from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from fhir_client.model import Element, Json
from fhir_client.uscore.chart import ChartElements, chart_elements
from fhir_client.uscore.element_ids import ElementIds
from fhir_client.uscore.elements import SPECS
from fhir_client.uscore.elements.spec import MergeRules
from fhir_client.uscore.narrative import fit_narrative
from fhir_client.uscore.statement import Statement, without_elements
from fhir_client.uscore.versions import UsCoreVersion


@dataclass(frozen=True, slots=True)
class MergePolicy:
    """How the chart gives way to a statement.

    `decline_erases` tells whether a declined or unknown answer erases the chart's value.
    `elements_to_keep` stay as the chart has them, because that was decided. `placeholders` are the
    normalized texts (`fhir_client.text`) by element that are no value of the chart.
    """

    decline_erases: bool = False
    elements_to_keep: frozenset[str] = frozenset()
    placeholders: Mapping[Element, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PatientMerge:
    """A merged Patient.

    `prior_values` are the chart's items before the merge, for undo. `element_ids` are the ids of
    the items that now state an answer. `kept_elements` are those whose chart value stayed although
    the informant declined or did not know. `unanswered_elements` are those for which the
    chart had only texts that are no answer.
    """

    patient: Json
    changed: bool
    prior_values: ChartElements
    element_ids: Mapping[str, str] = field(default_factory=dict)
    kept_elements: tuple[str, ...] = ()
    unanswered_elements: frozenset[str] = frozenset()


def merge_statement(
    patient: Json, statement: Statement, version: UsCoreVersion, policy: MergePolicy | None = None
) -> PatientMerge:
    """Return `patient` merged with the statement; a second merge changes nothing."""
    policy = policy or MergePolicy()
    statement = without_elements(statement, policy.elements_to_keep)
    # A shallow copy: everything that is not merged stays the very object that was read.
    merged = dict(patient)
    # The specs replace the list of extensions, but change the entries of languages in place.
    if "communication" in patient:
        merged["communication"] = deepcopy(patient["communication"])
    rules = MergeRules(version, ElementIds(patient), policy.decline_erases, policy.placeholders)
    element_ids: dict[str, str] = {}
    kept_elements = []
    for element, spec in SPECS.items():
        outcome = spec.merge_into(merged, statement, rules)
        # Provenance names the elements by these ids, in this order.
        element_ids |= outcome.ids
        kept_elements += [element.value] * outcome.kept_chart_value
    merged = fit_narrative(patient, merged)
    return PatientMerge(
        merged,
        merged != patient,
        chart_elements(patient),
        element_ids,
        tuple(kept_elements),
        _unanswered_elements(patient, policy),
    )


def _unanswered_elements(patient: Json, policy: MergePolicy) -> frozenset[str]:
    return frozenset(
        element
        for element, spec in SPECS.items()
        if spec.has_only_placeholders(patient, policy.placeholders.get(element, ()))
    )
