"""The need of an interpreter: one of two extensions, by version of US Core."""

from dataclasses import dataclass

from fhir_client.model import Json, WorksheetEntry
from fhir_client.uscore.datatypes import (
    ABSENT_TEXTS,
    NO,
    YES,
    absent_reason_coding,
    coding_json,
    concept_json,
    find_extensions,
)
from fhir_client.uscore.elements.extensions import (
    describe_extension,
    read_yes_no,
    remove_extensions,
    replace_extension,
)
from fhir_client.uscore.elements.spec import (
    NOTHING_TO_ENTER,
    ElementMerge,
    ElementSpec,
    MergeRules,
    expect_value,
)
from fhir_client.uscore.statement import (
    AbsentReason,
    ElementValue,
    Interpreter,
    Statement,
)
from fhir_client.uscore.versions import US_CORE

INTERPRETER_REQUIRED = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
INTERPRETER_NEEDED = f"{US_CORE}us-core-interpreter-needed"


@dataclass(frozen=True, slots=True)
class InterpreterSpec(ElementSpec):
    """The spec of the need of an interpreter."""

    def merge_into(self, patient: Json, statement: Statement, rules: MergeRules) -> ElementMerge:
        """Set the version's extension, and the other one where the chart has it."""
        value = statement.values.get(self.element)
        if value is None:
            return ElementMerge()
        if isinstance(value, AbsentReason):
            return self._merge_absence(patient, value, rules)
        extension_id = self._set_need(patient, expect_value(value, Interpreter), rules)
        return ElementMerge({self.element.value: extension_id})

    def _set_need(self, patient: Json, answer: Interpreter, rules: MergeRules) -> str:
        own_url = INTERPRETER_NEEDED if rules.version.interpreter_is_coded else INTERPRETER_REQUIRED
        own = next(iter(find_extensions(patient, own_url)), {})
        extension_id = str(own.get("id") or rules.ids.take_id(self.element.value))
        chart_urls = {str(item.get("url")) for item in self.find_items(patient)}
        # A reader of either extension must find the same answer.
        for url in sorted(chart_urls | {own_url}):
            chart = find_extensions(patient, url)
            is_same = len(chart) == 1 and read_yes_no(chart[0]) is answer.needed
            extension = chart[0] if is_same else _build_extension(url, answer)
            if url == own_url:
                extension = {**extension, "id": extension_id}
            replace_extension(patient, url, extension)
        return extension_id

    def _merge_absence(
        self, patient: Json, reason: AbsentReason, rules: MergeRules
    ) -> ElementMerge:
        """Keep the chart's value, unless the site has it erased."""
        if self.find_items(patient) and not rules.erase:
            return ElementMerge(kept_chart_value=True)
        # The coded extension has a code for unknown, but none for declined.
        if rules.version.interpreter_is_coded and reason is AbsentReason.ASKED_UNKNOWN:
            remove_extensions(patient, {INTERPRETER_REQUIRED})
            coding = coding_json(absent_reason_coding(reason))
            replace_extension(
                patient, INTERPRETER_NEEDED, {"url": INTERPRETER_NEEDED, "valueCoding": coding}
            )
        else:
            remove_extensions(patient, self.extension_urls)
        return ElementMerge()

    def item_meaning(self, item: Json) -> frozenset[object]:
        """Return yes or no, else the code of another answer."""
        coding = item.get("valueCoding", {})
        answer = read_yes_no(item)
        return frozenset({coding.get("code") if answer is None else answer})

    def describe_item(self, item: Json) -> str:
        """Return yes or no, else the name of the code."""
        return describe_extension(item)

    def observation_value(self, value: ElementValue) -> Json:
        """Return yes or no as a SNOMED CT concept."""
        answer = expect_value(value, Interpreter)
        return {"valueCodeableConcept": concept_json(YES if answer.needed else NO)}

    def parse_observation(self, observation: Json) -> ElementValue | None:
        """Return the need, None for a code that is neither yes nor no."""
        concept = observation.get("valueCodeableConcept", {})
        codes = {coding.get("code") for coding in concept.get("coding", [])}
        return Interpreter(YES.code in codes) if codes & {YES.code, NO.code} else None

    def worksheet_entry(
        self, value: ElementValue | None, _merged_items: list[Json], /
    ) -> WorksheetEntry:
        """Return yes or no, or why there is no answer."""
        if value is None:
            return WorksheetEntry(self.element, NOTHING_TO_ENTER)
        if isinstance(value, AbsentReason):
            return WorksheetEntry(self.element, ABSENT_TEXTS[value])
        answer = expect_value(value, Interpreter)
        return WorksheetEntry(self.element, "Yes" if answer.needed else "No")


def _build_extension(url: str, answer: Interpreter) -> Json:
    if url == INTERPRETER_REQUIRED:
        return {"url": url, "valueBoolean": answer.needed}
    return {"url": url, "valueCoding": coding_json(YES if answer.needed else NO)}
