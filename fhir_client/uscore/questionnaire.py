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
    AUTOCOMPLETE = "autocomplete"
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
class QuestionnaireItem:
    """One item.

    `enabled_by` is another item's linkId and the coding that has to be chosen there.
    """

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
    return {
        "resourceType": "Questionnaire",
        "language": questionnaire.language,
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
    if item.enabled_by is not None:
        question, choice = item.enabled_by
        # The display is left out: it would have to match the option's in every language.
        bare = {"system": choice.system, "code": choice.code}
        resource["enableWhen"] = [{"question": question, "operator": "=", "answerCoding": bare}]
    if item.repeats:
        resource["repeats"] = True
    return {**resource, **dict(_answer_elements(item))}


def _answer_elements(item: QuestionnaireItem) -> Iterator[tuple[str, Any]]:
    # A renderer that ignores the extension "hidden" must not ask for the value.
    if item.hidden:
        yield "readOnly", True
    if item.max_length is not None:
        yield "maxLength", item.max_length
    if item.choices:
        yield "answerOption", list(map(_build_option, item.choices))
    if item.items:
        yield "item", list(map(_build_item, item.items))


def _item_extensions(item: QuestionnaireItem) -> Iterator[Json]:
    if item.hidden:
        yield {"url": HIDDEN, "valueBoolean": True}
    if item.control is not None:
        control = concept_json(Coding(CONTROLS, item.control.value))
        yield {"url": CONTROL, "valueCodeableConcept": control}


def _build_option(option: AnswerOption) -> Json:
    coding = {
        "system": option.coding.system,
        "code": option.coding.code,
        **_translated("display", option.words),
    }
    if not option.exclusive:
        return {"valueCoding": coding}
    return {"extension": [{"url": EXCLUSIVE, "valueBoolean": True}], "valueCoding": coding}


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
