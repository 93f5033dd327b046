"""Answers, and a chart to merge them into, that the tests of the merge share."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fhir_client.model import Element
from fhir_client.uscore.elements import RACE
from fhir_client.uscore.patient_merge import merge_statement
from fhir_client.uscore.statement import (
    BCP47,
    CDCREC,
    AbsentReason,
    CategoryAnswer,
    Coding,
    ElementValue,
    Language,
    Source,
    Statement,
)
from fhir_client.uscore.versions import us_core_version

DECLINED, UNKNOWN = AbsentReason.ASKED_DECLINED, AbsentReason.ASKED_UNKNOWN
ASIAN = CategoryAnswer("Asian", (Coding(CDCREC, "2028-9", "Asian"),))
SPANISH = Language("Español", (Coding(BCP47, "es", "Spanish"),))
CANTONESE = Language("廣東話", (Coding(BCP47, "zh"), Coding(BCP47, "yue")))
MANDARIN = Language("普通话", (Coding(BCP47, "zh"), Coding(BCP47, "cmn")))
CHINESE = Language("繁體中文", (Coding(BCP47, "zh"), Coding(BCP47, "zh-Hant")))
SIGN = Language("ASL", (Coding(BCP47, "sgn"), Coding(BCP47, "ase")), signed=True)
NOTHING = Statement(
    submission=UUID(int=7),
    patient="Patient/1",
    answered_at=datetime(2026, 11, 23, tzinfo=UTC),
    source=Source.PATIENT,
    questionnaire="https://example.org/q|1",
    locale="en",
    notice="1",
    items=(),
)
CHART_RACE = {
    "url": RACE.url,
    "extension": [
        {
            "url": "ombCategory",
            "valueCoding": {"system": CDCREC, "code": "2106-3", "display": "White"},
        },
        {"url": "text", "valueString": "White"},
    ],
}
BIRTH_SEX = {
    "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex",
    "valueCode": "F",
}
ENGLISH = {"language": {"coding": [{"system": BCP47, "code": "en-US"}]}, "preferred": True}
CHART: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "meta": {"versionId": "3", "profile": ["http://vendor.example/odd"]},
    "telecom": [{"system": "phone", "value": "555"}],
    "vendorOddity": {"deep": [1.50]},
    "extension": [BIRTH_SEX, CHART_RACE],
    "communication": [ENGLISH],
}
V6 = us_core_version("6.1.0")


def with_values(values: Mapping[Element, ElementValue]) -> Statement:
    """Return a statement of these values alone."""
    return replace(NOTHING, values=values)


def merge_values(
    values: Mapping[Element, ElementValue],
    chart: dict[str, Any] = CHART,
    version_name: str = "6.1.0",
) -> dict[str, Any]:
    """Return the chart merged with these values."""
    version = us_core_version(version_name)
    return dict(merge_statement(chart, with_values(values), version).patient)
