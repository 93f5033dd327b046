"""The shape of an element's spec: its codes, and how it is written, merged, read and worded."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from fhir_client.model import Element, Json, WorksheetEntry
from fhir_client.uscore.code_systems import is_null_coding
from fhir_client.uscore.element_ids import ElementIds
from fhir_client.uscore.statement import CategoryAnswer, Coding, ElementValue, Statement
from fhir_client.uscore.versions import UsCoreVersion

EXTENSION = "extension"
COMMUNICATION = "communication"
NOTHING_TO_ENTER = "(nothing: erase what is there)"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ObservationSpec:
    """The Observation of an element.

    `profile` is None where US Core's screening profile applies, in the versions that have it.
    `has_method` tells whether the Observation says how the value was obtained.
    """

    code: Coding
    category: Coding
    profile: str | None = None
    has_method: bool = False


@dataclass(frozen=True, slots=True)
class MergeRules:
    """The version of US Core, and whether a declined or unknown answer erases the chart's value.

    `ids` are the ids in use in the Patient. `keep_details` adds the details of others to an answer
    about race or ethnicity. `placeholders` are the normalized texts by element that
    are no value of the chart.
    """

    version: UsCoreVersion
    ids: ElementIds
    erase: bool = False
    placeholders: Mapping[Element, Collection[str]] = field(default_factory=dict)
    keep_details: Callable[[Element, CategoryAnswer, Json], CategoryAnswer] | None = None


@dataclass(frozen=True, slots=True)
class ElementMerge:
    """The effect of merging one element into a Patient.

    `ids` are the ids of the items that state the answer, by name. `kept_chart_value` tells that the
    chart's value stayed although the informant declined or did not know.
    """

    ids: Mapping[str, str] = field(default_factory=dict)
    kept_chart_value: bool = False


@dataclass(frozen=True, slots=True)
class ElementSpec(ABC):
    """All that this library knows of one element; `observation` is None where none is written.

    An *item* is one extension of the Patient or one entry of its `communication`. `extension_urls`
    are the URLs of the element's extensions, and empty for an element of `communication`.
    """

    element: Element
    observation: ObservationSpec | None
    extension_urls: tuple[str, ...] = ()

    @property
    def chart_part(self) -> str:
        """The part of a Patient that is restored as a whole: elements can share one."""
        return self.element.value if self.extension_urls else COMMUNICATION

    @property
    def patient_key(self) -> str:
        """The name of the Patient's list in which the items stand."""
        return EXTENSION if self.extension_urls else COMMUNICATION

    @property
    def code(self) -> Coding:
        """The LOINC code; raises TypeError for an element without an Observation."""
        return expect_value(self.observation, ObservationSpec).code

    def find_items(self, patient: Json) -> list[Json]:
        """Return the Patient's items in this element's chart part; they are no copies."""
        return [item for item in patient.get(self.patient_key, []) if self.owns_item(item)]

    def owns_item(self, item: Json) -> bool:
        """Return whether an item of the Patient's list belongs to this element's chart part."""
        return not self.extension_urls or item.get("url") in self.extension_urls

    def select_items(self, items: Iterable[Json]) -> list[Json]:
        """Return those items of the chart part that state this element."""
        return list(items)

    @abstractmethod
    def merge_into(self, patient: Json, statement: Statement, rules: MergeRules) -> ElementMerge:
        """Set the statement's value in `patient`.

        The list of extensions is replaced and never changed in place; `communication` is changed.
        """

    @abstractmethod
    def item_meaning(self, item: Json) -> frozenset[object]:
        """Return what an item says, without ids, displays and order."""

    @abstractmethod
    def describe_item(self, item: Json) -> str:
        """Return what an item says in words."""

    def split_value(self, value: ElementValue) -> tuple[ElementValue, ...]:
        """Return the parts of a value that have an Observation each."""
        return (value,)

    @abstractmethod
    def observation_value(self, value: ElementValue) -> Json:
        """Return the elements of an Observation that hold the value."""

    @abstractmethod
    def parse_observation(self, observation: Json) -> ElementValue | None:
        """Return the value of an Observation, None where it holds none that we would write."""

    @abstractmethod
    def worksheet_entry(
        self, value: ElementValue | None, merged_items: list[Json], /
    ) -> WorksheetEntry:
        """Return what a person types into the chart so that it states the value."""

    def has_only_placeholders(self, _patient: Json, _placeholders: Collection[str], /) -> bool:
        """Return whether all that the chart has are texts that are no answer."""
        return False

    def is_entered(self, chart_items: list[Json], merged_items: list[Json]) -> bool:
        """Return whether the chart states what the merged Patient states, as a person types it."""
        return self.meaning(chart_items) == self.meaning(merged_items)

    def meaning(self, items: Iterable[Json]) -> frozenset[object]:
        """Return what the items of the chart part say of this element; empty for nothing."""
        return frozenset[object]().union(*map(self.item_meaning, self.select_items(items)))

    def describe(self, items: Iterable[Json]) -> tuple[str, ...]:
        """Return the words of the items that state this element, each once."""
        return tuple(dict.fromkeys(map(self.describe_item, self.select_items(items))))


def expect_value(value: object, value_type: type[Value]) -> Value:
    """Return a value of that type; raises TypeError for another one."""
    # A statement is built by other code, and mypy cannot tie a value's type to its element.
    if not isinstance(value, value_type):
        raise TypeError(f"{type(value).__name__} is no {value_type.__name__}")
    return value


def coding_pair(coding: Coding) -> str:
    """Return a coding as `system|code`."""
    return f"{coding.system}|{coding.code}"


def describe_coding(coding: Json) -> str:
    """Return a FHIR Coding in words."""
    return str(coding.get("display") or coding.get("code", ""))


def describe_concept(concept: Json) -> str:
    """Return a FHIR CodeableConcept in words, with its codes beside its text."""
    codings = concept.get("coding", [])
    if text := concept.get("text"):
        return add_codes(str(text), codings)
    return next(map(describe_coding, codings), "")


def add_codes(text: str, codings: Iterable[Json]) -> str:
    """Return a text with the codes beside it: `Gullah [Black 2054-5]`."""
    # A text can say more or less than its codes, and a reviewer decides about both. A null code
    # says nothing that its text does not.
    names = (
        " ".join(
            dict.fromkeys(
                str(coding[key])
                for key in ("display", "code")
                if coding.get(key) not in (None, "", text)
            )
        )
        for coding in codings
        if not is_null_coding(coding)
    )
    codes = ", ".join(filter(None, names))
    return f"{text} [{codes}]" if codes else text


def parse_coding(coding: Json) -> Coding:
    """Return a FHIR Coding as a value."""
    return Coding(coding.get("system", ""), coding.get("code", ""), coding.get("display"))
