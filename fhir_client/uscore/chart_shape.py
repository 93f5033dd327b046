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
from fhir_client.uscore.shapes import CODING, CONCEPT, find_shape_faults

SUCCESS = 200
_EXTENSION: dict[str, Any] = {
    "id": str,
    "url": str,
    "valueBoolean": bool,
    "valueCode": str,
    "valueString": str,
    "valueCoding": CODING,
    "valueCodeableConcept": CONCEPT,
}
_EXTENSION["extension"] = [_EXTENSION]
_OTHER_EXTENSION = {"url": str}
_PATIENT: dict[str, Any] = {
    "meta": {"tag": [{"code": str}], "security": [{"code": str}]},
    "active": bool,
    "link": [{"type": str, "other": {"reference": str}}],
    "extension": [_OTHER_EXTENSION],
    "communication": [
        {"id": str, "language": CONCEPT, "preferred": bool, "extension": [_OTHER_EXTENSION]}
    ],
}
_READ_URLS = frozenset({*EXTENSION_URLS, PROFICIENCY})


class MalformedChartError(RefusedError):
    """A node of the chart is no FHIR; the message names the node and quotes nothing of it."""

    def __init__(self, node: str, needed: str) -> None:
        """Name the node and the shape that it needs."""
        # The server answered well, and only this chart is odd.
        super().__init__(f"The chart is malformed: {node} is not {needed}.", SUCCESS)


def require_shape(patient: Json) -> None:
    """Raise MalformedChartError for the first odd node that a merge would read."""
    if patient.get("resourceType") != "Patient":
        raise MalformedChartError("Patient.resourceType", "Patient")
    for node, needed in find_shape_faults(patient, _PATIENT, "Patient"):
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
            yield from find_shape_faults(extension, _EXTENSION, f"{path}.extension[{index}]")
