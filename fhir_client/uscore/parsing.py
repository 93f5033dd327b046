"""Reads the items of a QuestionnaireResponse."""

from fhir_client.model import Json
from fhir_client.uscore.code_systems import canonical_system
from fhir_client.uscore.elements.spec import parse_coding
from fhir_client.uscore.statement import AbsentReason, ItemAnswer
from fhir_client.uscore.versions import DATA_ABSENT_REASON

_REASON_CODES = frozenset(AbsentReason)


def parse_items(response: Json) -> tuple[ItemAnswer, ...]:
    """Return the questions of a QuestionnaireResponse as answered, without the notice."""
    items = response.get("item", [])
    return tuple(_parse_item(item) for item in items if item.get("linkId") != "notice")


def _parse_item(item: Json) -> ItemAnswer:
    answers = item.get("answer", [])
    codings = tuple(parse_coding(part["valueCoding"]) for part in answers if "valueCoding" in part)
    reasons = (
        AbsentReason(coding.code)
        for coding in codings
        if canonical_system(coding.system) == DATA_ABSENT_REASON and coding.code in _REASON_CODES
    )
    reason = next(reasons, None)
    return ItemAnswer(
        link_id=item.get("linkId", ""),
        text=item.get("text", ""),
        codings=() if reason else codings,
        strings=tuple(str(part["valueString"]) for part in answers if "valueString" in part),
        absent_reason=reason,
        items=tuple(map(_parse_item, item.get("item", []))),
    )
