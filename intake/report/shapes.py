"""The parts of FHIR resources that the report reads, as DuckDB types."""

import json
from collections.abc import Mapping
from typing import TypeAlias

Shape: TypeAlias = "str | list[Shape] | dict[str, Shape]"
"""A DuckDB type, a list of one shape, or an object's fields."""

_TEXT: Shape = "VARCHAR"
_CODING: Shape = {"system": _TEXT, "code": _TEXT}
_CONCEPT: Shape = {"coding": [_CODING], "text": _TEXT}
_IDENTIFIER: Shape = {"system": _TEXT, "value": _TEXT}
_REFERENCE: Shape = {"reference": _TEXT, "type": _TEXT, "identifier": _IDENTIFIER}
_META: Shape = {"lastUpdated": _TEXT, "tag": [_CODING], "security": [_CODING]}
_VERSION: Shape = {"lastUpdated": _TEXT}
_EXTENSION: Shape = {
    "url": _TEXT,
    "valueBoolean": "BOOLEAN",
    "valueCoding": _CODING,
    "valueCodeableConcept": _CONCEPT,
    "extension": [
        {
            "url": _TEXT,
            "valueCoding": _CODING,
            "valueCodeableConcept": _CONCEPT,
            "valueString": _TEXT,
        }
    ],
}
_TARGET: Shape = {"reference": _TEXT, "extension": [{"url": _TEXT, "valueUri": _TEXT}]}

SHAPES: Mapping[str, Mapping[str, Shape]] = {
    "Patient": {
        "meta": _META,
        "extension": [_EXTENSION],
        "link": [{"type": _TEXT, "other": _REFERENCE}],
        "communication": [
            {"preferred": "BOOLEAN", "language": _CONCEPT, "extension": [_EXTENSION]}
        ],
    },
    "PatientIdentifier": {"identifier": [_IDENTIFIER]},
    "Encounter": {
        "meta": _VERSION,
        "status": _TEXT,
        "subject": _REFERENCE,
        "period": {"start": _TEXT},
        "serviceProvider": _REFERENCE,
        "location": [{"location": _REFERENCE}],
        "appointment": [_REFERENCE],
    },
    "Observation": {
        "meta": _VERSION,
        "status": _TEXT,
        "code": "JSON",
        "subject": _REFERENCE,
        "effectiveDateTime": _TEXT,
        "effectiveInstant": _TEXT,
        "effectivePeriod": {"start": _TEXT},
        "issued": _TEXT,
        "method": _CONCEPT,
        "performer": [_REFERENCE],
        "component": [{"valueString": _TEXT, "valueCodeableConcept": _CONCEPT}],
        "valueCodeableConcept": _CONCEPT,
        "valueString": _TEXT,
        "dataAbsentReason": _CONCEPT,
    },
    "Provenance": {
        "recorded": _TEXT,
        "target": [_TARGET],
        "agent": [{"type": _CONCEPT, "who": _REFERENCE}],
    },
    "Organization": {"name": _TEXT, "identifier": [_IDENTIFIER], "partOf": _REFERENCE},
    "Location": {
        "name": _TEXT,
        "identifier": [_IDENTIFIER],
        "partOf": _REFERENCE,
        "managingOrganization": _REFERENCE,
    },
    "Appointment": {"identifier": [_IDENTIFIER], "participant": [{"actor": _REFERENCE}]},
}

_READ = (
    "read_json($files, format='newline_delimited', maximum_object_size=67108864, columns={COLUMNS})"
)


def strict_source(shapes: Mapping[str, Shape]) -> str:
    """Return a FROM clause that reads these fields fast and fails on another shape."""
    fields = {"resourceType": _TEXT, "id": _TEXT, **shapes}
    return _READ.replace(
        "COLUMNS", ", ".join(f"{name}: '{duck_type(shape)}'" for name, shape in fields.items())
    )


def lenient_source(shapes: Mapping[str, Shape]) -> str:
    """Return a FROM clause that reads a part of another shape as NULL.

    It parses each part a second time, so that only files with a broken line are read this way.
    """
    columns = ", ".join(
        f"{name}: '{'JSON' if name in shapes else _TEXT}'"
        for name in ("resourceType", "id", *shapes)
    )
    parts = ", ".join(f"{_transform_part(name, shape)} AS {name}" for name, shape in shapes.items())
    # Every name and shape is a constant of this module: no input reaches the text of the query.
    return f"(SELECT resourceType, id, {parts} FROM {_READ.replace('COLUMNS', columns)})"  # noqa: S608


def _transform_part(name: str, shape: Shape) -> str:
    return name if shape == "JSON" else f"json_transform({name}, '{json.dumps(shape)}')"


def duck_type(shape: Shape) -> str:
    """Return the shape as a DuckDB type."""
    if isinstance(shape, str):
        return shape
    if isinstance(shape, list):
        return f"{duck_type(shape[0])}[]"
    fields = ", ".join(f'"{name}" {duck_type(part)}' for name, part in shape.items())
    return f"STRUCT({fields})"
