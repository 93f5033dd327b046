"""The merge: a statement's values go into the Patient, and everything else in it stays."""

from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace

from fhir_client.model import Element, Json, UntouchedChoice
from fhir_client.uscore.chart import ChartElements, chart_elements
from fhir_client.uscore.combined_question import CombinedRules
from fhir_client.uscore.correction import Correction, is_same_chart
from fhir_client.uscore.element_ids import ElementIds
from fhir_client.uscore.elements import SPECS
from fhir_client.uscore.elements.category import has_answer
from fhir_client.uscore.elements.extensions import remove_extensions
from fhir_client.uscore.elements.spec import MergeRules
from fhir_client.uscore.narrative import fit_narrative
from fhir_client.uscore.statement import Statement, without_elements
from fhir_client.uscore.versions import UsCoreVersion


@dataclass(frozen=True, slots=True)
class MergePolicy:
    """How the chart gives way to a statement.

    `decline_erases` tells whether a declined or unknown answer erases the chart's value.
    `elements_to_keep` stay as the chart has them, because that was decided. `placeholders` are the
    normalized texts (`fhir_client.text`) by element that are no value of the chart. `correction`
    is set where the statement corrects earlier answers at the same visit. `combined` are the rules
    for a combined question.
    """

    decline_erases: bool = False
    elements_to_keep: frozenset[str] = frozenset()
    placeholders: Mapping[Element, Collection[str]] = field(default_factory=dict)
    correction: Correction | None = None
    combined: CombinedRules = field(default_factory=CombinedRules)


@dataclass(frozen=True, slots=True)
class PatientMerge:
    """A merged Patient.

    `prior_values` are the chart's items before the merge, for undo. `element_ids` are the ids of
    the items that now state an answer. `kept_elements` are those whose chart value stayed although
    the informant declined or did not know. `unanswered_elements` are those for which the
    chart had only texts that are no answer. `foreign_elements` are those that others changed
    after the answers that the statement corrects. `untouched_elements` are those whose chart value
    the informant did not name, with what happens to it.
    """

    patient: Json
    changed: bool
    prior_values: ChartElements
    element_ids: Mapping[str, str] = field(default_factory=dict)
    kept_elements: tuple[str, ...] = ()
    unanswered_elements: frozenset[str] = frozenset()
    foreign_elements: frozenset[str] = frozenset()
    untouched_elements: Mapping[Element, UntouchedChoice] = field(default_factory=dict)

    @property
    def says_more(self) -> bool:
        """Whether the chart keeps a value that the informant did not name."""
        return UntouchedChoice.KEEP in self.untouched_elements.values()


def merge_statement(
    patient: Json, statement: Statement, version: UsCoreVersion, policy: MergePolicy | None = None
) -> PatientMerge:
    """Return `patient` merged with the statement; a second merge changes nothing."""
    policy = policy or MergePolicy()
    statement = without_elements(statement, policy.elements_to_keep)
    merge = _merge_values(patient, statement, version, policy)
    correction = policy.correction
    if correction is None:
        return merge

    def merge_earlier(chart: Json, earlier: Statement) -> Json:
        kept = without_elements(earlier, policy.elements_to_keep)
        return _merge_values(chart, kept, version, policy).patient

    # A value that a reviewer left to the chart is not taken back either.
    correction = replace(correction, elements=correction.elements - policy.elements_to_keep)
    before_visit = correction.take_back(patient, merge_earlier)
    corrected = _merge_values(before_visit, statement, version, policy)
    foreign = correction.find_foreign_elements(merge.prior_values)
    # The same values in another order would only be another version of the chart.
    if is_same_chart(corrected.patient, merge.patient):
        return replace(merge, foreign_elements=foreign)
    fitted = fit_narrative(patient, corrected.patient)
    return replace(
        corrected,
        patient=fitted,
        changed=fitted != patient,
        prior_values=merge.prior_values,
        unanswered_elements=merge.unanswered_elements,
        foreign_elements=foreign,
    )


def _merge_values(
    patient: Json, statement: Statement, version: UsCoreVersion, policy: MergePolicy
) -> PatientMerge:
    # A shallow copy: everything that is not merged stays the very object that was read.
    merged = dict(patient)
    # The specs replace the list of extensions, but change the entries of languages in place.
    if "communication" in patient:
        merged["communication"] = deepcopy(patient["communication"])
    rules = MergeRules(
        version,
        ElementIds(patient),
        policy.decline_erases,
        policy.placeholders,
        policy.combined.keep_details,
    )
    untouched = _choose_untouched(patient, policy)
    for element, choice in untouched.items():
        if choice is UntouchedChoice.REMOVE:
            remove_extensions(merged, SPECS[element].extension_urls)
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
        untouched_elements=untouched,
    )


def _choose_untouched(patient: Json, policy: MergePolicy) -> dict[Element, UntouchedChoice]:
    choices = {}
    for element in (Element.RACE, Element.ETHNICITY):
        items = SPECS[element].find_items(patient)
        placeholders = policy.placeholders.get(element, ())
        if element in policy.elements_to_keep or not any(
            has_answer(item, placeholders) for item in items
        ):
            continue
        if (choice := policy.combined.choose_untouched(element, items)) is not None:
            choices[element] = choice
    return choices


def _unanswered_elements(patient: Json, policy: MergePolicy) -> frozenset[str]:
    return frozenset(
        element
        for element, spec in SPECS.items()
        if spec.has_only_placeholders(patient, policy.placeholders.get(element, ()))
    )
