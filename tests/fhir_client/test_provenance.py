"""The Provenance names the clinic that transmits by reference or by identifier."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from fhir_client.model import Element
from fhir_client.uscore.provenance import build_provenance
from fhir_client.uscore.statement import AbsentReason, Source, Statement
from fhir_client.uscore.versions import us_core_version


def build_statement(organization: str | None) -> Statement:
    return Statement(
        submission=UUID(int=1),
        patient="Patient/1",
        answered_at=datetime(2026, 11, 24, 15, tzinfo=UTC),
        source=Source.PATIENT,
        questionnaire="https://intake.example/Questionnaire/spd15-2024|1.0.0",
        locale="en",
        notice="2026-11",
        items=(),
        values={Element.RACE: AbsentReason.ASKED_DECLINED},
        organization=organization,
    )


@pytest.mark.parametrize(
    ("organization", "who"),
    [
        ("Organization/1", {"reference": "Organization/1"}),
        (
            "urn:oid:1.2|77",
            {"type": "Organization", "identifier": {"system": "urn:oid:1.2", "value": "77"}},
        ),
    ],
)
def test_the_clinic_transmits_and_the_patient_is_the_author(
    organization: str, who: dict[str, Any]
) -> None:
    agents = build_provenance(build_statement(organization), us_core_version("6.1.0"), [], {})[
        "agent"
    ]
    assert [agent["type"]["coding"][0]["code"] for agent in agents] == ["author", "transmitter"]
    assert agents[1]["who"] == who


def test_without_an_organization_there_is_no_transmitter() -> None:
    assert (
        len(build_provenance(build_statement(None), us_core_version("6.1.0"), [], {})["agent"]) == 1
    )
