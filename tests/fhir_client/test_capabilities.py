"""Capabilities that a server declares, and the write strategy that they allow."""

from typing import Any

import pytest

from fhir_client.capabilities import parse_capabilities
from fhir_client.model import WriteStrategyKind
from fhir_client.write.strategy import ServerOffer, WrittenPart, choose_strategy

KEPT = ["create", "read", "search-type"]
CREATED = dict.fromkeys(("QuestionnaireResponse", "Observation", "Provenance"), KEPT)


def statement(*system: str, **resource_types: Any) -> dict[str, Any]:
    """A CapabilityStatement with interactions of the system and of each resource type."""
    resources = [
        {"type": name, "interaction": [{"code": code} for code in codes]}
        for name, codes in resource_types.items()
    ]
    rest = {
        "mode": "server",
        "interaction": [{"code": code} for code in system],
        "resource": resources,
    }
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "rest": [{"mode": "client"}, rest],
    }


def test_declared_capabilities_are_parsed() -> None:
    held = statement("transaction", Patient=["read", "update"])
    held["software"] = {"name": "A server", "version": "8.8.0", "releaseDate": "2026-01-01"}
    held["rest"][1]["resource"][0] |= {
        "versioning": "versioned-update",
        "conditionalCreate": True,
        "searchParam": [{"name": "identifier", "type": "token"}],
    }
    said = parse_capabilities(held)
    patient = said.for_resource("Patient")
    assert (said.software, said.is_r4, said.interactions) == (
        "A server 8.8.0",
        True,
        frozenset({"transaction"}),
    )
    assert (patient.interactions, patient.search_parameters) == (
        frozenset({"read", "update"}),
        frozenset({"identifier"}),
    )
    assert (patient.versioning, patient.conditional_create) == ("versioned-update", True)


def searching(*names: str, provenance: tuple[str, ...] = ("target",)) -> dict[str, Any]:
    """A statement with transactions and those search parameters for every resource type."""
    held = statement("transaction", Patient=["read", "update"], **CREATED)
    for entry in held["rest"][1]["resource"]:
        by = provenance if entry["type"] == "Provenance" else names
        entry["searchParam"] = [{"name": name, "type": "token"} for name in by]
    return held


def test_types_without_identifier_search_are_searched_by_patient() -> None:
    assert (
        choose_strategy(
            ServerOffer(parse_capabilities(searching("identifier", "patient")))
        ).by_patient
        == frozenset()
    )
    found = choose_strategy(ServerOffer(parse_capabilities(searching("patient", "code"))))
    assert (found.kind, found.by_patient) == (
        WriteStrategyKind.TRANSACTION,
        frozenset({"QuestionnaireResponse", "Observation"}),
    )


def test_a_part_that_no_search_finds_is_not_written() -> None:
    neither = choose_strategy(ServerOffer(parse_capabilities(searching("code"))))
    assert (neither.kind, neither.parts) == (WriteStrategyKind.PUT, frozenset({WrittenPart.CHART}))
    assert (
        "without Observation: it does not search Observation by identifier or patient"
        in neither.reasons
    )
    no_provenance = choose_strategy(
        ServerOffer(parse_capabilities(searching("identifier", provenance=())))
    )
    assert (no_provenance.kind, WrittenPart.PROVENANCE in no_provenance.parts) == (
        WriteStrategyKind.PUT,
        False,
    )
    assert no_provenance.reasons[0] == "no transaction: it does not search Provenance by target"


def test_a_type_missing_from_the_list_is_not_offered() -> None:
    assert (
        parse_capabilities(statement(Patient=["read"])).for_resource("Observation").interactions
        == frozenset()
    )
    assert parse_capabilities(statement()).for_resource("Observation").interactions is None


@pytest.mark.parametrize(
    ("version", "fits"),
    [("4.0.1", True), ("4.0.0", True), ("4.3.0", False), ("3.0.2", False), ("", False)],
)
def test_only_r4_releases_are_r4(version: str, fits: bool) -> None:
    assert parse_capabilities({"fhirVersion": version}).is_r4 is fits


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"rest": "none"},
        {"rest": [7]},
        {"rest": [{"resource": {}, "interaction": [1]}]},
        {"software": 1},
    ],
)
def test_malformed_statements_declare_nothing(broken: dict[str, Any]) -> None:
    said = parse_capabilities(broken)
    assert (said.interactions, dict(said.resources)) == (frozenset(), {})


@pytest.mark.parametrize(
    ("held", "kind"),
    [
        (statement("transaction"), WriteStrategyKind.TRANSACTION),
        (
            statement("transaction", Patient=["read", "update"], **CREATED),
            WriteStrategyKind.TRANSACTION,
        ),
        # A transaction is all or nothing, so it cannot have a resource that the server refuses.
        (statement("transaction", Patient=["read", "update"]), WriteStrategyKind.PUT),
        (
            statement("transaction", Patient=["read"], Observation=KEPT),
            WriteStrategyKind.OBSERVATIONS,
        ),
        # A resource that no search finds could be written twice.
        (statement(Patient=["read"], Observation=["create"]), WriteStrategyKind.WORKLIST),
        (statement(Patient=["read", "update", "patch"], **CREATED), WriteStrategyKind.PATCH),
        (statement(Patient=["read", "update"], **CREATED), WriteStrategyKind.PUT),
        (
            statement(Patient=["read"], QuestionnaireResponse=KEPT),
            WriteStrategyKind.QUESTIONNAIRE_RESPONSE,
        ),
        (statement(DocumentReference=KEPT), WriteStrategyKind.DOCUMENT),
        (statement(Patient=["read"]), WriteStrategyKind.WORKLIST),
    ],
)
def test_the_safest_offered_strategy_is_chosen(
    held: dict[str, Any], kind: WriteStrategyKind
) -> None:
    assert choose_strategy(ServerOffer(parse_capabilities(held))).kind is kind


def test_a_stepwise_strategy_leaves_out_parts_and_says_why() -> None:
    found = choose_strategy(
        ServerOffer(
            parse_capabilities(statement(Patient=["patch"], Observation=KEPT, Provenance=KEPT))
        )
    )
    assert (found.kind, found.parts) == (
        WriteStrategyKind.PATCH,
        frozenset({WrittenPart.CHART, WrittenPart.OBSERVATIONS}),
    )
    _, response, provenance = found.reasons
    assert response.startswith(
        "without QuestionnaireResponse: it does not offer QuestionnaireResponse create, "
    )
    assert provenance == "without Provenance: there is no QuestionnaireResponse that it could name"


def test_a_chart_without_versions_is_never_replaced() -> None:
    held = statement("transaction", Patient=["read", "update", "patch"], **CREATED)
    held["rest"][1]["resource"][0]["versioning"] = "no-version"
    found = choose_strategy(ServerOffer(parse_capabilities(held)))
    assert found.kind is WriteStrategyKind.OBSERVATIONS
    assert all("keeps no versions of Patient" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("scopes", "kind"),
    [
        (("system/*.cruds",), WriteStrategyKind.TRANSACTION),
        (("system/Patient.rs", "system/Observation.crs"), WriteStrategyKind.OBSERVATIONS),
        (("system/Patient.read", "system/DocumentReference.*"), WriteStrategyKind.DOCUMENT),
        (("user/*.cruds",), WriteStrategyKind.WORKLIST),
        ((), WriteStrategyKind.WORKLIST),
    ],
)
def test_a_strategy_that_scopes_do_not_permit_is_not_chosen(
    scopes: tuple[str, ...], kind: WriteStrategyKind
) -> None:
    found = choose_strategy(
        ServerOffer(parse_capabilities(statement("transaction")), scopes=scopes)
    )
    assert found.kind is kind
    assert all("our scopes do not permit to" in reason for reason in found.reasons)
