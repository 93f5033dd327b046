"""A questionnaire as data, and the FHIR Questionnaire made of it; every text has its translations beside it.

Whoever answers sees the displays of the options, so these are the words of the form and not always those of the code system.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fhir_client.uscore.datatypes import Json, coding_json, concept_json
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
    AUTOCOMPLETE = "autocomplete"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class TranslatedText:
    """A text in the form's own language, and in others by their tags."""

    text: str
    translations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnswerOption:
    """One option; an exclusive one stands alone where several may be chosen."""

    coding: Coding
    words: TranslatedText
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class QuestionnaireItem:
    """One item; `enabled_by` is another item's linkId and the coding that has to be chosen there."""

    link_id: str
    kind: ItemType
    words: TranslatedText
    code: Coding | None = None
    choices: tuple[AnswerOption, ...] = ()
    control: ItemControl | None = None
    repeats: bool = False
    max_length: int | None = None
    hidden: bool = False
    enabled_by: tuple[str, Coding] | None = None
    items: tuple["QuestionnaireItem", ...] = ()


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """A versioned questionnaire; `url` is its canonical without the version, `language` that of its own words."""

    id: str
    url: str
    version: str
    language: str
    title: TranslatedText
    items: tuple[QuestionnaireItem, ...]


def build_questionnaire(form: Questionnaire) -> Json:
    """Return the Questionnaire, without an id, which is the server's to give."""
    return {
        "resourceType": "Questionnaire",
        "language": form.language,
        "url": form.url,
        "version": form.version,
        # A name that programs can use: letters, digits and underscores, beginning with a capital (invariant que-0).
        "name": "".join(part for part in form.id.title() if part.isalnum()),
        **_said("title", form.title),
        "status": "active",
        "experimental": False,
        "subjectType": ["Patient"],
        "item": [_item(each) for each in form.items],
    }


def _item(item: QuestionnaireItem) -> Json:
    found: Json = {"linkId": item.link_id, "type": item.kind.value, **_said("text", item.words)}
    if extensions := list(_extensions(item)):
        found["extension"] = extensions
    if item.code is not None:
        found["code"] = [coding_json(item.code)]
    if item.enabled_by is not None:
        question, chosen = item.enabled_by
        bare = {"system": chosen.system, "code": chosen.code}
        found["enableWhen"] = [{"question": question, "operator": "=", "answerCoding": bare}]
    if item.repeats:
        found["repeats"] = True
    return {**found, **dict(_answers(item))}


def _answers(item: QuestionnaireItem) -> Iterator[tuple[str, Any]]:
    if item.hidden:
        yield "readOnly", True
    if item.max_length is not None:
        yield "maxLength", item.max_length
    if item.choices:
        yield "answerOption", [_option(each) for each in item.choices]
    if item.items:
        yield "item", [_item(each) for each in item.items]


def _extensions(item: QuestionnaireItem) -> Iterator[Json]:
    if item.hidden:
        yield {"url": HIDDEN, "valueBoolean": True}
    if item.control is not None:
        yield {
            "url": CONTROL,
            "valueCodeableConcept": concept_json(Coding(CONTROLS, item.control.value)),
        }


def _option(choice: AnswerOption) -> Json:
    value = {
        "system": choice.coding.system,
        "code": choice.coding.code,
        **_said("display", choice.words),
    }
    exclusive = (
        {"extension": [{"url": EXCLUSIVE, "valueBoolean": True}]} if choice.exclusive else {}
    )
    return {**exclusive, "valueCoding": value}


def _said(name: str, words: TranslatedText) -> Json:
    """Return a text as an element of that name, and its translations as extensions of the element."""
    if not words.translations:
        return {name: words.text}
    translated = [_translation(tag, text) for tag, text in words.translations.items()]
    return {name: words.text, f"_{name}": {"extension": translated}}


def _translation(tag: str, text: str) -> Json:
    parts = [{"url": "lang", "valueCode": tag}, {"url": "content", "valueString": text}]
    return {"url": TRANSLATION, "extension": parts}


def flatten_translations(resource: Json, tag: str) -> Json:
    """Return the resource in one language, for readers that know no translations; a text without one stays as it is."""
    return {**_flat(resource, tag), "language": tag}


def _flat(value: Any, tag: str) -> Any:
    if isinstance(value, list):
        return [_flat(each, tag) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: _flat(each, tag) for name, each in value.items() if not name.startswith("_")}
    for name, beside in value.items():
        if name.startswith("_"):
            extensions = beside.get("extension", [])
            found |= {name[1:]: text for lang, text in _translations(extensions) if lang == tag}
            if others := [each for each in extensions if each.get("url") != TRANSLATION]:
                found[name] = {**beside, "extension": others}
    return found


def _translations(extensions: Iterable[Json]) -> Iterator[tuple[str, str]]:
    for each in extensions:
        if each.get("url") == TRANSLATION:
            parts = {part["url"]: part for part in each["extension"]}
            yield parts["lang"]["valueCode"], parts["content"]["valueString"]
