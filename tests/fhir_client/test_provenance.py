"""The Provenance names the clinic that transmits by reference or by identifier."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from fhir_client.model import Element
from fhir_client.uscore.provenance import build_provenance
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.statement import AbsentReason, Coding, Entry, Source, Statement
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.document import build_document
from tests.support.us_core_bindings import VERSIONS

BY_STAFF = Entry("paper", Coding("http://example.org/modes", "HANDWRIT"), by_staff=True)
CLINICS: dict[str | None, dict[str, Any]] = {
    "Organization/1": {"reference": "Organization/1"},
    "urn:oid:1.2|77": {
        "type": "Organization",
        "identifier": {"system": "urn:oid:1.2", "value": "77"},
    },
    None: {"type": "Organization", "display": "Clinic"},
}


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


@pytest.mark.parametrize("name", VERSIONS)
@pytest.mark.parametrize("organization", ["Organization/1", "urn:oid:1.2|77", None])
@pytest.mark.parametrize("practitioner", ["Practitioner/9", None])
def test_staff_who_entered_the_answers_act_for_the_clinic(
    name: str, organization: str | None, practitioner: str | None
) -> None:
    statement = replace(
        build_statement(organization), entry=replace(BY_STAFF, practitioner=practitioner)
    )
    version = us_core_version(name)
    agents = agents_by_role(statement, name)
    assert agents["author"]["who"] == {"reference": "Patient/1"}
    clinic = agents["enterer"].get("onBehalfOf", agents["enterer"]["who"])
    assert clinic == CLINICS[organization]
    # US Core's provenance-1.
    assert ("onBehalfOf" in agents["enterer"]) == (practitioner is not None)
    response = build_questionnaire_response(statement, version)
    assert response["author"] == agents["enterer"]["who"]
    assert response["source"] == {"reference": "Patient/1"}
    [extension] = response["extension"]
    assert extension["valueCodeableConcept"]["text"] == "paper"
    document = build_document(statement, response)
    assert document["author"] == [response["author"]]


@pytest.mark.parametrize("organization", ["Organization/1", None])
@pytest.mark.parametrize("name", VERSIONS)
def test_a_related_person_is_an_agent_where_the_version_takes_one(
    name: str, organization: str | None
) -> None:
    statement = replace(
        build_statement(organization), source=Source.RELATED_PERSON, source_display="Caregiver"
    )
    agents = agents_by_role(statement, name)
    informant = {"type": "RelatedPerson", "display": "Caregiver"}
    response = build_questionnaire_response(statement, us_core_version(name))
    assert response["source"] == response["author"] == informant
    if name == "3.1.1":
        # There an agent is a Practitioner, a Patient or an Organization.
        assert {role: agent["who"] for role, agent in agents.items()} == {
            "transmitter": CLINICS[organization]
        }
    else:
        assert agents["informant"]["who"] == informant


def agents_by_role(statement: Statement, name: str) -> dict[str, dict[str, Any]]:
    provenance = build_provenance(statement, us_core_version(name), [], {})
    return {agent["type"]["coding"][0]["code"]: agent for agent in provenance["agent"]}


def test_without_an_organization_there_is_no_transmitter() -> None:
    assert (
        len(build_provenance(build_statement(None), us_core_version("6.1.0"), [], {})["agent"]) == 1
    )
