"""The spoken or signed language, and the written one: entries of Patient.communication."""

from collections.abc import Iterable
from dataclasses import dataclass

from fhir_client.model import Element, Json, WorksheetEntry
from fhir_client.uscore.communication import (
    READ,
    SIGNED,
    SPOKEN,
    clear_preferred,
    entry_key,
    entry_own_words,
    has_other_words,
    identify_element,
    language_modes,
    mark_only,
    prefer_entry,
    put_language,
    read_entries,
    unmark_entry,
)
from fhir_client.uscore.datatypes import concept_json
from fhir_client.uscore.elements.spec import (
    NOTHING_TO_ENTER,
    ElementMerge,
    ElementSpec,
    MergeRules,
    coding_pair,
    describe_concept,
    expect_value,
    parse_coding,
)
from fhir_client.uscore.statement import (
    OWN_WORDS_SEPARATOR,
    AbsentReason,
    ElementValue,
    Language,
    Statement,
)


@dataclass(frozen=True, slots=True)
class LanguageSpec(ElementSpec):
    """What the specs of the two languages share."""

    def item_meaning(self, item: Json) -> frozenset[object]:
        """Return the language that an entry names, and the own words beside it."""
        key, own_words = entry_key(item), entry_own_words(item)
        return frozenset({(key, own_words) if own_words else key})

    def describe_item(self, item: Json) -> str:
        """Return the language's name, with its codes."""
        return describe_concept(item.get("language", {}))

    def observation_value(self, value: ElementValue) -> Json:
        """Return the language as a concept."""
        language = expect_value(value, Language)
        return {"valueCodeableConcept": concept_json(*language.codings, text=language.wording)}

    def parse_observation(self, observation: Json) -> ElementValue | None:
        """Return the language; only the Patient's mark tells whether it is a signed one."""
        concept = observation.get("valueCodeableConcept")
        return None if concept is None else parse_language(concept)

    def worksheet_entry(
        self, value: ElementValue | None, _merged_items: list[Json], /
    ) -> WorksheetEntry:
        """Return the language's name in English and in itself, and its codes."""
        if not isinstance(value, Language):
            return WorksheetEntry(self.element, NOTHING_TO_ENTER)
        # The most specific coding has the name that an EHR's list shows.
        names = [coding.display for coding in value.codings if coding.display][-1:]
        words = " / ".join(dict.fromkeys((*names, value.wording)))
        return WorksheetEntry(self.element, words, tuple(map(coding_pair, value.codings)))

    def is_entered(self, chart_items: list[Json], merged_items: list[Json]) -> bool:
        """Return whether the chart has the language, maybe in fewer codes: zh for zh and yue."""
        # No screen of an EHR takes own words beside a language of its list.
        chart, merged = (
            frozenset(map(entry_key, self.select_items(items)))
            for items in (chart_items, merged_items)
        )
        if chart == merged:
            return True
        if len(chart) != 1 or len(merged) != 1:
            return False
        [chart_key], [merged_key] = chart, merged
        if isinstance(chart_key, frozenset) and isinstance(merged_key, frozenset):
            # An EHR's list may have English as en-US alone.
            chart_tags, merged_tags = map(_primary_tags, (chart_key, merged_key))
            return bool(chart_tags) and chart_tags <= merged_tags
        return str(chart_key).casefold() == str(merged_key).casefold()


@dataclass(frozen=True, slots=True)
class SpokenLanguageSpec(LanguageSpec):
    """The spec of the preferred language, spoken or signed."""

    def select_items(self, items: Iterable[Json]) -> list[Json]:
        """Return the preferred entries."""
        return [entry for entry in items if entry.get("preferred")]

    def merge_into(self, patient: Json, statement: Statement, rules: MergeRules) -> ElementMerge:
        """Prefer the language's entry alone; an absent answer is the Observation's to record."""
        value = statement.values.get(self.element)
        if isinstance(value, AbsentReason) and rules.erase:
            for entry in read_entries(patient):
                clear_preferred(entry)
                unmark_entry(entry, {SPOKEN.code, SIGNED.code})
        if value is None or isinstance(value, AbsentReason):
            return ElementMerge()
        language = expect_value(value, Language)
        written = statement.values.get(Element.WRITTEN_LANGUAGE)
        entry = put_language(
            patient,
            language,
            lambda entry: (
                READ.code in language_modes(entry)
                and written != language
                and has_other_words(entry, language)
            ),
        )
        prefer_entry(patient, entry)
        mark_only(patient, entry, (SPOKEN, SIGNED), SIGNED if language.signed else SPOKEN)
        return ElementMerge({self.element.value: identify_element(rules.ids, entry, "language")})


@dataclass(frozen=True, slots=True)
class WrittenLanguageSpec(LanguageSpec):
    """The spec of the language in which the patient reads."""

    def select_items(self, items: Iterable[Json]) -> list[Json]:
        """Return the entries that are marked as read."""
        return [entry for entry in items if READ.code in language_modes(entry)]

    def merge_into(self, patient: Json, statement: Statement, rules: MergeRules) -> ElementMerge:
        """Mark the language's entry alone as read; it is merged after the spoken language."""
        value = statement.values.get(self.element)
        if isinstance(value, AbsentReason) and rules.erase:
            for entry in read_entries(patient):
                unmark_entry(entry, {READ.code})
        if value is None or isinstance(value, AbsentReason):
            return ElementMerge()
        language = expect_value(value, Language)
        spoken = statement.values.get(Element.SPOKEN_LANGUAGE)
        # Only one and the same language shares an entry. Without a spoken language in the
        # statement, the entry of the chart's keeps its own words.
        entry = put_language(
            patient,
            language,
            lambda entry: (
                bool(entry.get("preferred"))
                and spoken != language
                and (isinstance(spoken, Language) or has_other_words(entry, language))
            ),
        )
        # The mark has the id and not the entry, which can also be the spoken language's, from
        # another time.
        mark = mark_only(patient, entry, (READ,), READ)
        name = self.element.value
        return ElementMerge({name: identify_element(rules.ids, mark, name)})


def _primary_tags(tags: frozenset[object]) -> frozenset[str]:
    return frozenset(str(tag).partition("-")[0] for tag in tags)


def parse_language(concept: Json) -> Language:
    """Return a FHIR CodeableConcept as a language."""
    codings = tuple(map(parse_coding, concept.get("coding", [])))
    text = str(concept.get("text", ""))
    if not codings:
        return Language(text)
    name, _, own_words = text.partition(OWN_WORDS_SEPARATOR)
    return Language(name, codings, own_words=own_words)
