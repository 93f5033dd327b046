"""The JSON shapes of the nodes that we read: a server can send a list where FHIR has an object.

A shape is a type, a list with the shape of its items, or the shapes of an object's members. A
missing member fits, and a member without a shape may be anything: we do not read it.
"""

from collections.abc import Iterator
from typing import Any

from fhir_client.model import Json

CODING = {"system": str, "code": str, "display": str}
CONCEPT = {"coding": [CODING], "text": str}
REFERENCE = {"reference": str, "type": str}
_IDENTIFIER = {"system": str, "value": str}
_COMPONENT = {
    "code": CONCEPT,
    "valueString": str,
    "valueCoding": CODING,
    "valueCodeableConcept": CONCEPT,
    "dataAbsentReason": CONCEPT,
}
_ITEM: dict[str, Any] = {"linkId": str, "text": str}
_ITEM["answer"] = [{"valueCoding": CODING, "valueString": str, "item": [_ITEM]}]
_ITEM["item"] = [_ITEM]
_RESOURCES: dict[str, dict[str, Any]] = {
    "Observation": {
        **_COMPONENT,
        "status": str,
        "identifier": [_IDENTIFIER],
        "subject": REFERENCE,
        "performer": [REFERENCE],
        "method": CONCEPT,
        "component": [_COMPONENT],
    },
    "QuestionnaireResponse": {
        "status": str,
        "identifier": _IDENTIFIER,
        "subject": REFERENCE,
        "item": [_ITEM],
    },
    "Provenance": {"entity": [{"what": REFERENCE}]},
}
_TYPE_NAMES = {str: "a text", bool: "true or false"}


def is_well_formed(resource: Json) -> bool:
    """Return whether every node that we read of the resource has its shape."""
    shape = _RESOURCES.get(str(resource.get("resourceType")), {})
    return next(find_shape_faults(resource, shape, ""), None) is None


def find_shape_faults(value: object, shape: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each odd node, and the shape that it needs in words."""
    if isinstance(shape, dict):
        yield from _find_member_faults(value, shape, path)
    elif isinstance(shape, list):
        yield from _find_item_faults(value, shape[0], path)
    elif not isinstance(value, shape):
        yield path, _TYPE_NAMES[shape]


def _find_member_faults(
    value: object, shapes: dict[str, Any], path: str
) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, "an object"
        return
    for name, shape in shapes.items():
        if name in value:
            yield from find_shape_faults(value[name], shape, f"{path}.{name}")


def _find_item_faults(value: object, shape: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield path, "a list"
        return
    for index, item in enumerate(value):
        yield from find_shape_faults(item, shape, f"{path}[{index}]")
