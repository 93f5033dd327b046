"""Race and ethnicity: US Core's extension of OMB categories, details and a text."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from fhir_client.model import Json, WorksheetEntry
from fhir_client.text import says_something
from fhir_client.uscore.code_systems import canonical_system, code_pair, is_null_coding
from fhir_client.uscore.datatypes import ABSENT_TEXTS, coding_json, concept_json
from fhir_client.uscore.elements.extensions import (
    describe_extension,
    replace_extension,
    value_codings,
)
from fhir_client.uscore.elements.spec import (
    NOTHING_TO_ENTER,
    ElementMerge,
    ElementSpec,
    MergeRules,
    expect_value,
    parse_coding,
)
from fhir_client.uscore.statement import (
    CDCREC,
    AbsentReason,
    CategoryAnswer,
    Coding,
    ElementValue,
    Statement,
)
from fhir_client.uscore.versions import DATA_ABSENT_REASON, NULL_FLAVOR, UsCoreVersion

OMB_CATEGORIES = frozenset({"1002-5", "2028-9", "2054-5", "2076-8", "2106-3", "2135-2", "2186-5"})
"""The five races and two ethnicities of 1997 that ombCategory binds; other codes are details."""
_CODED_VALUES = frozenset({"valueCoding", "valueCodeableConcept"})
# Our own two texts, and the names of the null codes in US Core's value sets.
_NULL_WORDS = frozenset(
    {
        *(text.casefold() for text in ABSENT_TEXTS.values()),
        "unknown",
        "asked but unknown",
        "asked but declined",
    }
)

Meaning = frozenset[object]


@dataclass(frozen=True, slots=True)
class CategorySpec(ElementSpec):
    """The spec of race or ethnicity, which differ only in their codes and URLs."""

    @property
    def url(self) -> str:
        """The URL of the extension."""
        return self.extension_urls[0]

    def merge_into(self, patient: Json, statement: Statement, rules: MergeRules) -> ElementMerge:
        """Replace the extension; a declined or unknown answer keeps the chart's own answer."""
        value = statement.values.get(self.element)
        if value is None:
            return ElementMerge()
        placeholders = rules.placeholders.get(self.element, ())
        is_kept = isinstance(value, AbsentReason) and not rules.erase
        if is_kept and self.has_value(patient, placeholders):
            return ElementMerge(kept_chart_value=True)
        current: Json = next(iter(self.find_items(patient)), {})
        if isinstance(value, CategoryAnswer) and rules.keep_details is not None:
            value = rules.keep_details(self.element, value, current)
        # A Provenance of others may name the chart's id.
        extension_id = str(current.get("id") or rules.ids.take_id(self.element.value))
        extension = self.build_extension(value, rules.version, extension_id)
        # An equal extension keeps what a vendor added to it, such as displays of its own.
        if self.item_meaning(current) == self.item_meaning(extension):
            extension = {**current, "id": extension_id}
        replace_extension(patient, self.url, extension)
        return ElementMerge({self.element.value: extension_id})

    def has_value(self, patient: Json, placeholders: Collection[str] = ()) -> bool:
        """Return whether the chart has an answer, and not only that none was given.

        `placeholders` are normalized texts that are no answer (`fhir_client.text`).
        """
        return any(has_answer(item, placeholders) for item in self.find_items(patient))

    def has_only_placeholders(self, patient: Json, placeholders: Collection[str], /) -> bool:
        """Return whether the chart has texts alone, and none of them is an answer."""
        items = self.find_items(patient)
        has_codes = any(
            True
            for item in items
            for part in (item, *item.get("extension", []))
            for _ in value_codings(part)
        )
        return bool(items) and not has_codes and not self.has_value(patient, placeholders)

    def build_extension(
        self, value: ElementValue, version: UsCoreVersion, extension_id: str
    ) -> Json:
        """Return the extension for a value: ombCategory, detailed, and always a text."""
        if isinstance(value, AbsentReason):
            null = version.null_coding(self.element, value)
            parts = [] if null is None else [_coding_part("ombCategory", null)]
            text = ABSENT_TEXTS[value]
        else:
            answer = expect_value(value, CategoryAnswer)
            parts = [_coding_part("ombCategory", coding) for coding in answer.categories]
            parts += [_coding_part("detailed", coding) for coding in answer.detailed]
            text = answer.text
        return {
            "id": extension_id,
            "url": self.url,
            "extension": [*parts, {"url": "text", "valueString": text}],
        }

    def item_meaning(self, item: Json) -> Meaning:
        """Return the codes and texts of an extension, each with the URL of its part."""
        texts = {
            (str(part.get("url")), part["valueString"])
            for part in item.get("extension", [])
            if "valueString" in part
        }
        # Some systems once wrote a value at the top, where none may stand. It still is an answer.
        misplaced = {
            (key, repr(value))
            for key, value in item.items()
            if key.startswith("value") and key not in _CODED_VALUES
        }
        codes = {(place, code_pair(coding)) for place, coding in _coded_places(item)}
        return frozenset({*codes, *texts, *misplaced, *_concept_texts(item)})

    def describe_item(self, item: Json) -> str:
        """Return the text of an extension with its codes, else the names of its codes."""
        return describe_extension(item)

    def observation_value(self, value: ElementValue) -> Json:
        """Return Gravity's components: the text, then each code."""
        answer = expect_value(value, CategoryAnswer)
        values: list[Json] = [{"valueString": answer.text}]
        values += [
            {"valueCodeableConcept": concept_json(coding)}
            for coding in (*answer.categories, *answer.detailed)
        ]
        return {
            "component": [{"code": concept_json(self.code), **component} for component in values]
        }

    def parse_observation(self, observation: Json) -> ElementValue | None:
        """Return the value of Gravity's components."""
        components = observation.get("component", [])
        # A server may reorder the components, so that each is told by its value's type.
        texts = [str(part["valueString"]) for part in components if "valueString" in part]
        codings = [
            parse_coding(coding)
            for part in components
            for coding in part.get("valueCodeableConcept", {}).get("coding", [])
        ]
        return CategoryAnswer(
            text="; ".join(texts),
            categories=tuple(coding for coding in codings if _is_category(coding)),
            detailed=tuple(coding for coding in codings if not _is_category(coding)),
        )

    def worksheet_entry(
        self, _value: ElementValue | None, merged_items: list[Json], /
    ) -> WorksheetEntry:
        """Return the names and codes of the merged extension, and its text."""
        parts = merged_items[0].get("extension", []) if merged_items else []
        texts = "; ".join(str(part["valueString"]) for part in parts if part.get("url") == "text")
        codings = [part["valueCoding"] for part in parts if "valueCoding" in part]
        # A text of ours names what was chosen. A display can differ: an EHR's list shows that.
        named = frozenset(re.split("[,;] ", texts))
        names = ", ".join(
            str(coding["display"])
            for coding in codings
            if "display" in coding and str(coding["display"]) not in named
        )
        words = " / ".join(filter(None, (names, texts)))
        codes = tuple(f"{coding.get('system', '')}|{coding['code']}" for coding in codings)
        return WorksheetEntry(self.element, words or NOTHING_TO_ENTER, codes)

    def is_entered(self, chart_items: list[Json], merged_items: list[Json]) -> bool:
        """Return whether the chart has the same codes, in whichever part of the extension.

        No screen of an EHR takes texts of ours, so that a text counts only where no code does.
        """
        chart, merged = self.meaning(chart_items), self.meaning(merged_items)
        if chart == merged:
            return True
        if _codes(merged) or not _texts(merged) - set(ABSENT_TEXTS.values()):
            # Declined and unknown have more than one code. What counts is that a person was
            # asked and gave no answer.
            same_answers = _answer_codes(chart) == _answer_codes(merged)
            return same_answers and bool(chart) == bool(merged)
        return _texts(chart) == _texts(merged)


def has_answer(extension: Json, placeholders: Collection[str]) -> bool:
    """Return whether an extension has an answer, and not only that none was given."""
    parts = extension.get("extension", [])
    codings = [
        coding
        for part in (extension, *parts)
        if part is extension or part.get("url") in ("ombCategory", "detailed")
        for coding in value_codings(part)
    ]
    if not all(map(_is_null, codings)):
        return True
    if any(key.startswith("value") and key not in _CODED_VALUES for key in extension):
        return True
    # A text beside null codes is an answer, unless it only puts the null into words.
    texts = {
        str(part["valueString"])
        for part in parts
        if part.get("url") == "text" and "valueString" in part
    }
    texts |= {text for _, text in _concept_texts(extension)}
    displays = {str(coding.get("display", "")).casefold() for coding in codings}
    return any(
        says_something(text, placeholders) and text.casefold() not in _NULL_WORDS | displays
        for text in texts
    )


def _is_null(coding: Json) -> bool:
    # NullFlavor's "other" stands for a detail without a code: there is an answer.
    return is_null_coding(coding) and coding.get("code") != "OTH"


def _is_category(coding: Coding) -> bool:
    return canonical_system(coding.system) == CDCREC and coding.code in OMB_CATEGORIES


def _coding_part(url: str, coding: Coding) -> Json:
    return {"url": url, "valueCoding": coding_json(coding)}


def _coded_places(extension: Json) -> Iterator[tuple[str, Json]]:
    """Yield each coding of an extension with the place where it stands.

    A code in a place where US Core has none differs from the same code in its own place. The merge
    then puts it right, if the patient says the same.
    """
    for coding in value_codings(extension):
        yield "value", coding
    for part in extension.get("extension", []):
        suffix = "" if "valueCoding" in part else " valueCodeableConcept"
        for coding in value_codings(part):
            yield f"{part.get('url')}{suffix}", coding


def _concept_texts(extension: Json) -> Iterator[tuple[str, str]]:
    """Yield the texts of concepts, with the place where they stand."""
    for part in (extension, *extension.get("extension", [])):
        if text := part.get("valueCodeableConcept", {}).get("text"):
            yield f"{part.get('url')} valueCodeableConcept", str(text)


def _pairs(meaning: Meaning) -> Iterable[tuple[object, object]]:
    return (part for part in meaning if isinstance(part, tuple))


def _codes(meaning: Meaning) -> set[tuple[object, ...]]:
    return {value for _, value in _pairs(meaning) if isinstance(value, tuple)}


def _answer_codes(meaning: Meaning) -> set[tuple[object, ...]]:
    null_systems = (NULL_FLAVOR, DATA_ABSENT_REASON)
    return {code for code in _codes(meaning) if code[0] not in null_systems}


def _texts(meaning: Meaning) -> set[str]:
    return {
        " ".join(value.split()).casefold()
        for url, value in _pairs(meaning)
        if url == "text" and isinstance(value, str)
    }
