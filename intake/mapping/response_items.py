"""Reads the items of a QuestionnaireResponse from any renderer, checked by our Questionnaire.

A renderer may leave out what is empty, add the displays of options in any language, and send the
items in any order. Everything else has to fit, and each fault names its linkId. A fault never
quotes the patient's own words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_client.model import Json
from fhir_client.text import has_visible_character, show_controls
from fhir_client.uscore.code_systems import code_pair
from fhir_client.uscore.questionnaire import ItemType, Questionnaire, QuestionnaireItem
from fhir_client.uscore.statement import Coding

MAX_FAULTS = 5
"""How many faults of one response a message names."""

_VALUE_ELEMENTS = {
    ItemType.CHOICE: "valueCoding",
    ItemType.TEXT: "valueString",
    ItemType.STRING: "valueString",
}
_MAX_LINK_ID_SHOWN = 60


class ResponseError(ValueError):
    """A QuestionnaireResponse does not fit; the message names each fault by field or linkId."""


@dataclass(frozen=True, slots=True)
class ItemReply:
    """What a response says to one item: the codings of the chosen options, or a text."""

    codings: tuple[Coding, ...] = ()
    text: str = ""


def read_replies(items: object, form: Questionnaire) -> dict[str, ItemReply]:
    """Return the replies by linkId, without skipped items; raises ResponseError."""
    reader = _ItemReader()
    reader.read_items(items, form.items, "item")
    if reader.faults:
        raise ResponseError(join_faults(reader.faults))
    return reader.replies


def join_faults(faults: Sequence[str]) -> str:
    """Return the first faults as one line, with the number of the others."""
    more = len(faults) - MAX_FAULTS
    return "; ".join([*faults[:MAX_FAULTS], *([f"and {more} more"] if more > 0 else [])])


class _ItemReader:
    """Collects the replies and the faults of one response."""

    def __init__(self) -> None:
        self.replies: dict[str, ItemReply] = {}
        self.faults: list[str] = []
        self._link_ids: set[str] = set()

    def read_items(self, items: object, questions: Sequence[QuestionnaireItem], place: str) -> None:
        """Read the items of one level of the response."""
        if not isinstance(items, list):
            self.faults.append(f"{place}: a list is needed")
            return
        questions_by_link = {question.link_id: question for question in questions}
        for position, item in enumerate(items):
            where = f"{place}[{position}]"
            link_id = item.get("linkId") if isinstance(item, dict) else None
            if not isinstance(link_id, str):
                self.faults.append(f"{where}.linkId: a text is needed")
            elif (question := questions_by_link.get(link_id)) is None:
                shown = show_controls(link_id)[:_MAX_LINK_ID_SHOWN]
                self.faults.append(f"{where}: the Questionnaire has no linkId “{shown}” here")
            elif link_id in self._link_ids:
                self.faults.append(f"{link_id}: is there twice")
            else:
                self._link_ids.add(link_id)
                self._read_item(item, question)

    def _read_item(self, item: Json, question: QuestionnaireItem) -> None:
        link_id, answers = question.link_id, item.get("answer", [])
        if not isinstance(answers, list) or not all(isinstance(part, dict) for part in answers):
            self.faults.append(f"{link_id}.answer: a list of objects is needed")
            return
        # R4 nests the items below a question in its answers, and those of a group in the group.
        for owner in (item, *answers):
            if "item" in owner:
                self.read_items(owner["item"], question.items, f"{link_id}.item")
        faults = list(_find_answer_faults(answers, question))
        self.faults += [f"{link_id}: {fault}" for fault in faults]
        if answers and not faults:
            self.replies[link_id] = _build_reply(answers, question)


def _find_answer_faults(answers: list[Json], question: QuestionnaireItem) -> Iterator[str]:
    element = _VALUE_ELEMENTS.get(question.kind)
    if element is None:
        if answers:
            yield f"an item of type {question.kind} takes no answer"
        return
    if len(answers) > 1 and not question.repeats:
        yield f"takes one answer, and has {len(answers)}"
    for position, answer in enumerate(answers):
        if [name for name in answer if name.startswith("value")] != [element]:
            yield f"answer[{position}]: {element} is needed"
        elif question.kind is ItemType.CHOICE:
            yield from _find_coding_faults(answer[element], question, position)
        else:
            yield from _find_text_faults(answer[element], question, position)
    codings = [code_pair(part[element]) for part in answers if _is_object(part.get(element))]
    if question.kind is ItemType.CHOICE and len(set(map(str, codings))) < len(codings):
        yield "has the same option twice"


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _find_coding_faults(value: Any, question: QuestionnaireItem, position: int) -> Iterator[str]:
    if not _is_object(value):
        yield f"answer[{position}].valueCoding: an object is needed"
    elif _find_option(value, question) is None:
        yield f"answer[{position}]: its system and code are no option of this question"


def _find_text_faults(value: Any, question: QuestionnaireItem, position: int) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"answer[{position}].valueString: a text is needed"
    elif not has_visible_character(value):
        yield f"answer[{position}]: has no visible character"
    elif question.max_length is not None and len(value) > question.max_length:
        yield f"answer[{position}]: {len(value)} characters, at most {question.max_length}"


def _find_option(coding: Json, question: QuestionnaireItem) -> Coding | None:
    pair = code_pair(coding)
    # The form's codes are compared in the same canonical form, such as zh-Hant for ZH_HANT.
    return next(
        (
            option.coding
            for option in question.options
            if code_pair({"system": option.coding.system, "code": option.coding.code}) == pair
        ),
        None,
    )


def _build_reply(answers: list[Json], question: QuestionnaireItem) -> ItemReply:
    if question.kind is not ItemType.CHOICE:
        return ItemReply(text=answers[0]["valueString"])
    codings = (_find_option(answer["valueCoding"], question) for answer in answers)
    return ItemReply(tuple(coding for coding in codings if coding is not None))
