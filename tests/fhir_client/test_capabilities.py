"""What a server says of itself, what it leaves unsaid, and which rung of the ladder that allows."""

from typing import Any

import pytest

from fhir_client.capabilities import parse_capabilities
from fhir_client.model import WriteStrategyKind
from fhir_client.write.strategy import ServerOffer, WrittenPart, choose_strategy

KEPT = ["create", "read", "search-type"]
CREATED = dict.fromkeys(("QuestionnaireResponse", "Observation", "Provenance"), KEPT)


def statement(*system: str, **kinds: Any) -> dict[str, Any]:
    """A CapabilityStatement with the system's interactions and, per kind, its interactions."""
    resources = [
        {"type": name, "interaction": [{"code": code} for code in codes]}
        for name, codes in kinds.items()
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


def test_what_is_said_is_read() -> None:
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
    """A server with transactions that searches everything by those parameters."""
    held = statement("transaction", Patient=["read", "update"], **CREATED)
    for each in held["rest"][1]["resource"]:
        by = provenance if each["type"] == "Provenance" else names
        each["searchParam"] = [{"name": name, "type": "token"} for name in by]
    return held


def test_what_cannot_be_searched_by_identifier_is_picked_out_of_the_patients() -> None:
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


def test_what_could_not_be_found_again_is_not_written() -> None:
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


def test_a_kind_left_out_of_a_list_is_not_offered_but_without_a_list_nothing_is_said() -> None:
    assert (
        parse_capabilities(statement(Patient=["read"])).for_resource("Observation").interactions
        == frozenset()
    )
    assert parse_capabilities(statement()).for_resource("Observation").interactions is None


@pytest.mark.parametrize(
    ("version", "fits"),
    [("4.0.1", True), ("4.0.0", True), ("4.3.0", False), ("3.0.2", False), ("", False)],
)
def test_only_r4_fits(version: str, fits: bool) -> None:
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
def test_odd_shapes_say_nothing(broken: dict[str, Any]) -> None:
    said = parse_capabilities(broken)
    assert (said.interactions, dict(said.resources)) == (frozenset(), {})


@pytest.mark.parametrize(
    ("held", "rung"),
    [
        (statement("transaction"), WriteStrategyKind.TRANSACTION),
        (
            statement("transaction", Patient=["read", "update"], **CREATED),
            WriteStrategyKind.TRANSACTION,
        ),
        # All of a transaction is done or nothing: what the server does not take cannot be in it.
        (statement("transaction", Patient=["read", "update"]), WriteStrategyKind.PUT),
        (
            statement("transaction", Patient=["read"], Observation=KEPT),
            WriteStrategyKind.OBSERVATIONS,
        ),
        # What cannot be searched cannot be looked up before it is sent again.
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
def test_the_highest_rung_that_is_offered(held: dict[str, Any], rung: WriteStrategyKind) -> None:
    assert choose_strategy(ServerOffer(parse_capabilities(held))).kind is rung


def test_part_by_part_what_the_server_does_not_take_is_left_out_and_said() -> None:
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


def test_a_server_without_versions_is_never_overwritten() -> None:
    held = statement("transaction", Patient=["read", "update", "patch"], **CREATED)
    held["rest"][1]["resource"][0]["versioning"] = "no-version"
    found = choose_strategy(ServerOffer(parse_capabilities(held)))
    assert found.kind is WriteStrategyKind.OBSERVATIONS
    assert all("keeps no versions of Patient" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("scopes", "rung"),
    [
        (("system/*.cruds",), WriteStrategyKind.TRANSACTION),
        (("system/Patient.rs", "system/Observation.crs"), WriteStrategyKind.OBSERVATIONS),
        (("system/Patient.read", "system/DocumentReference.*"), WriteStrategyKind.DOCUMENT),
        (("user/*.cruds",), WriteStrategyKind.WORKLIST),
        ((), WriteStrategyKind.WORKLIST),
    ],
)
def test_what_our_scopes_do_not_permit_is_not_chosen(
    scopes: tuple[str, ...], rung: WriteStrategyKind
) -> None:
    found = choose_strategy(
        ServerOffer(parse_capabilities(statement("transaction")), scopes=scopes)
    )
    assert found.kind is rung
    assert all("our scopes do not permit to" in reason for reason in found.reasons)
