"""A questionnaire as data, and the FHIR Questionnaire made of it, with its translations.

The informant sees the displays of the options. They are the words of the form, and not always those
of the code system.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fhir_client.model import Json
from fhir_client.uscore.datatypes import coding_json, concept_json
from fhir_client.uscore.statement import Coding

CORE = "http://hl7.org/fhir/StructureDefinition/"
TRANSLATION = f"{CORE}translation"
EXCLUSIVE = f"{CORE}questionnaire-optionExclusive"
CONTROL = f"{CORE}questionnaire-itemControl"
HIDDEN = f"{CORE}questionnaire-hidden"
CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"


class ItemType(StrEnum):
    """The types of items that we use, in FHIR's words."""

    GROUP = "group"
    DISPLAY = "display"
    CHOICE = "choice"
    TEXT = "text"
    STRING = "string"


class ItemControl(StrEnum):
    """How an item is best shown: codes of the Structured Data Capture guide."""

    CHECK_BOX = "check-box"
    RADIO_BUTTON = "radio-button"
    # Renderers search a drop-down's options by themselves. "autocomplete" asks a terminology
    # server, and Smart Forms shows nothing without one.
    DROP_DOWN = "drop-down"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class TranslatedText:
    """A text in the form's own language, and its translations by language tag."""

    text: str
    translations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnswerOption:
    """One option; an exclusive one stands alone where several may be chosen."""

    coding: Coding
    words: TranslatedText
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class OptionSet:
    """Options that several items share: a ValueSet inside the Questionnaire.

    `made` is the date of the table behind it, such as 2026-11-29.
    """

    id: str
    made: str
    choices: tuple[AnswerOption, ...]


@dataclass(frozen=True, slots=True)
class QuestionnaireItem:
    """One item.

    Its options are its own `choices`, or those of `option_set`. `enabled_by` are codings, each
    with the linkId of an earlier item; one of them has to be chosen there.
    """

    link_id: str
    kind: ItemType
    words: TranslatedText
    code: Coding | None = None
    choices: tuple[AnswerOption, ...] = ()
    option_set: OptionSet | None = None
    control: ItemControl | None = None
    repeats: bool = False
    max_length: int | None = None
    hidden: bool = False
    enabled_by: tuple[tuple[str, Coding], ...] = ()
    items: tuple["QuestionnaireItem", ...] = ()

    @property
    def options(self) -> tuple[AnswerOption, ...]:
        """The item's options, its own or shared ones."""
        return self.choices if self.option_set is None else self.option_set.choices


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """A versioned questionnaire.

    `url` is its canonical without the version, and `language` that of its own words.
    """

    id: str
    url: str
    version: str
    language: str
    title: TranslatedText
    items: tuple[QuestionnaireItem, ...]


def build_questionnaire(questionnaire: Questionnaire) -> Json:
    """Return the FHIR Questionnaire, without an id, which the server gives."""
    sets = {item.option_set.id: item.option_set for item in questionnaire.items if item.option_set}
    contained = {"contained": list(map(_build_value_set, sets.values()))} if sets else {}
    return {
        "resourceType": "Questionnaire",
        "language": questionnaire.language,
        **contained,
        "url": questionnaire.url,
        "version": questionnaire.version,
        # Invariant que-0 wants a name for programs: a capital, then letters, digits, underscores.
        "name": "".join(letter for letter in questionnaire.id.title() if letter.isalnum()),
        **_translated("title", questionnaire.title),
        "status": "active",
        # Without it a form renderer takes a new questionnaire for a draft.
        "experimental": False,
        "subjectType": ["Patient"],
        "item": list(map(_build_item, questionnaire.items)),
    }


def _build_value_set(option_set: OptionSet) -> Json:
    # Form renderers show the codes of an expansion. From a definition alone they ask a terminology
    # server for the codes, and most sites have none.
    options = [_option_coding(option) for option in option_set.choices]
    return {
        "resourceType": "ValueSet",
        "id": option_set.id,
        "status": "active",
        "expansion": {"timestamp": option_set.made, "total": len(options), "contains": options},
    }


def _build_item(item: QuestionnaireItem) -> Json:
    resource: Json = {
        "linkId": item.link_id,
        "type": item.kind.value,
        **_translated("text", item.words),
    }
    if extensions := list(_item_extensions(item)):
        resource["extension"] = extensions
    if item.code is not None:
        resource["code"] = [coding_json(item.code)]
    if item.enabled_by:
        resource["enableWhen"] = [_build_condition(*condition) for condition in item.enabled_by]
    # R4 wants a behaviour for several conditions, and none for one (invariant que-12).
    if len(item.enabled_by) > 1:
        resource["enableBehavior"] = "any"
    if item.repeats:
        resource["repeats"] = True
    return {**resource, **dict(_answer_elements(item))}


def _build_condition(link_id: str, choice: Coding) -> Json:
    # The display is left out: it would have to match the option's in every language.
    bare = {"system": choice.system, "code": choice.code}
    return {"question": link_id, "operator": "=", "answerCoding": bare}


def _answer_elements(item: QuestionnaireItem) -> Iterator[tuple[str, Any]]:
    # A renderer that ignores the extension "hidden" must not ask for the value.
    if item.hidden:
        yield "readOnly", True
    if item.max_length is not None:
        yield "maxLength", item.max_length
    if item.choices:
        yield "answerOption", list(map(_build_option, item.choices))
    if item.option_set is not None:
        yield "answerValueSet", f"#{item.option_set.id}"
    if item.items:
        yield "item", list(map(_build_item, item.items))


def _item_extensions(item: QuestionnaireItem) -> Iterator[Json]:
    if item.hidden:
        yield {"url": HIDDEN, "valueBoolean": True}
    if item.control is not None:
        control = concept_json(Coding(CONTROLS, item.control.value))
        yield {"url": CONTROL, "valueCodeableConcept": control}


def _build_option(option: AnswerOption) -> Json:
    coding = _option_coding(option)
    if not option.exclusive:
        return {"valueCoding": coding}
    return {"extension": [{"url": EXCLUSIVE, "valueBoolean": True}], "valueCoding": coding}


def _option_coding(option: AnswerOption) -> Json:
    return {
        "system": option.coding.system,
        "code": option.coding.code,
        **_translated("display", option.words),
    }


def _translated(name: str, words: TranslatedText) -> Json:
    """Return a text as an element of that name, with its translations as extensions."""
    if not words.translations:
        return {name: words.text}
    extensions = [_build_translation(tag, text) for tag, text in words.translations.items()]
    # FHIR keeps the extensions of a plain value beside it, under the same name with "_".
    return {name: words.text, f"_{name}": {"extension": extensions}}


def _build_translation(tag: str, text: str) -> Json:
    parts = [{"url": "lang", "valueCode": tag}, {"url": "content", "valueString": text}]
    return {"url": TRANSLATION, "extension": parts}


def flatten_translations(resource: Json, tag: str) -> Json:
    """Return the resource in one language, for readers that know no translations.

    A text without a translation stays as it is.
    """
    return {**_flatten_value(resource, tag), "language": tag}


def _flatten_value(value: Any, tag: str) -> Any:
    if isinstance(value, list):
        return [_flatten_value(item, tag) for item in value]
    if not isinstance(value, dict):
        return value
    flat = {
        name: _flatten_value(child, tag)
        for name, child in value.items()
        if not name.startswith("_")
    }
    for name, sibling in value.items():
        # "_name" holds the extensions of the plain value "name" (R4, json.html#primitive).
        if name.startswith("_"):
            extensions = sibling.get("extension", [])
            texts = _read_translations(extensions)
            flat |= {name[1:]: text for language, text in texts if language == tag}
            # Extensions other than translations say something else, and stay.
            foreign = [item for item in extensions if item.get("url") != TRANSLATION]
            if foreign:
                flat[name] = {**sibling, "extension": foreign}
    return flat


def _read_translations(extensions: Iterable[Json]) -> Iterator[tuple[str, str]]:
    for extension in extensions:
        if extension.get("url") == TRANSLATION:
            parts = {part["url"]: part for part in extension["extension"]}
            yield parts["lang"]["valueCode"], parts["content"]["valueString"]
