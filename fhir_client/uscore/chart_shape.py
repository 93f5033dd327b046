"""The shape of the nodes of a Patient that a merge reads and rewrites.

A server can send any JSON. A list or number where FHIR has an object would be lost or misread in
the merge, so that such a chart is refused, with the name of the node. Nodes that no merge reads
may be odd: they stay as they are.
"""

from collections.abc import Iterator
from typing import Any

from fhir_client.errors import RefusedError
from fhir_client.model import Json
from fhir_client.uscore.communication import PROFICIENCY
from fhir_client.uscore.elements import EXTENSION_URLS

SUCCESS = 200
_CODING = {"system": str, "code": str, "display": str}
_CONCEPT = {"coding": [_CODING], "text": str}
_EXTENSION: dict[str, Any] = {
    "id": str,
    "url": str,
    "valueBoolean": bool,
    "valueCode": str,
    "valueString": str,
    "valueCoding": _CODING,
    "valueCodeableConcept": _CONCEPT,
}
_EXTENSION["extension"] = [_EXTENSION]
_OTHER_EXTENSION = {"url": str}
_PATIENT: dict[str, Any] = {
    "meta": {"tag": [{"code": str}], "security": [{"code": str}]},
    "active": bool,
    "link": [{"type": str, "other": {"reference": str}}],
    "extension": [_OTHER_EXTENSION],
    "communication": [
        {"id": str, "language": _CONCEPT, "preferred": bool, "extension": [_OTHER_EXTENSION]}
    ],
}
_READ_URLS = frozenset({*EXTENSION_URLS, PROFICIENCY})
_TYPE_NAMES = {str: "a text", bool: "true or false"}


class MalformedChartError(RefusedError):
    """A node of the chart is no FHIR; the message names the node and quotes nothing of it."""

    def __init__(self, node: str, needed: str) -> None:
        """Name the node and the shape that it needs."""
        # The server answered well, and only this chart is odd.
        super().__init__(f"The chart is malformed: {node} is not {needed}.", SUCCESS)


def require_shape(patient: Json) -> None:
    """Raise MalformedChartError for the first odd node that a merge would read."""
    for node, needed in _find_faults(patient, _PATIENT, "Patient"):
        raise MalformedChartError(node, needed)
    for node, needed in _find_extension_faults(patient, "Patient"):
        raise MalformedChartError(node, needed)
    for index, entry in enumerate(patient.get("communication", [])):
        for node, needed in _find_extension_faults(entry, f"Patient.communication[{index}]"):
            raise MalformedChartError(node, needed)


def _find_extension_faults(owner: Json, path: str) -> Iterator[tuple[str, str]]:
    """Yield the odd nodes of those extensions that a merge looks into."""
    for index, extension in enumerate(owner.get("extension", [])):
        if extension.get("url") in _READ_URLS:
            yield from _find_faults(extension, _EXTENSION, f"{path}.extension[{index}]")


def _find_faults(value: object, shape: Any, path: str) -> Iterator[tuple[str, str]]:
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
            yield from _find_faults(value[name], shape, f"{path}.{name}")


def _find_item_faults(value: object, shape: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield path, "a list"
        return
    for index, item in enumerate(value):
        yield from _find_faults(item, shape, f"{path}[{index}]")
