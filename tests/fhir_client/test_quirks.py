"""Quirks rule strategies out, and a server gets only elements that it can hold."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_client.capabilities import Capabilities, ResourceCapability
from fhir_client.model import Element, WriteStrategyKind
from fhir_client.quirks import Quirks
from fhir_client.uscore.elements import ETHNICITY, INTERPRETER, RACE
from fhir_client.uscore.statement import (
    BCP47,
    CategoryAnswer,
    Coding,
    Interpreter,
    Language,
    without_elements,
)
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.chart_merge import merge_for_server
from fhir_client.write.ehr_questionnaire import map_to_ehr_items, unmapped_questions
from fhir_client.write.json_patch import patch_operations
from fhir_client.write.strategy import ServerOffer, choose_strategy
from fhir_client.write.task import Writer
from tests.support.statements import EMPTY_STATEMENT

BIRTH_SEX = {
    "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex",
    "valueCode": "F",
}
ENGLISH = {"language": {"coding": [{"system": BCP47, "code": "en"}]}, "preferred": True}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "meta": {"versionId": "3"},
    "extension": [BIRTH_SEX],
    "communication": [ENGLISH],
}
SAID = replace(
    EMPTY_STATEMENT,
    values={
        Element.RACE: CategoryAnswer("White"),
        Element.SPOKEN_LANGUAGE: Language("Spanish", (Coding(BCP47, "es"),)),
        Element.WRITTEN_LANGUAGE: Language("French", (Coding(BCP47, "fr"),)),
        Element.INTERPRETER: Interpreter(needed=True),
    },
)
NARROW = Quirks(
    write_strategies=("patch", "worklist"),
    accepted_extensions=(RACE.url, ETHNICITY.url, BIRTH_SEX["url"]),
    replaces_extensions=True,
    one_communication=True,
)
ANYTHING = Capabilities("4.0.1", "", frozenset({"transaction", "batch"}), {})


def test_quirks_rule_a_strategy_out_with_a_reason() -> None:
    found = choose_strategy(ServerOffer(ANYTHING, NARROW))
    assert (found.kind, found.reasons) == (
        WriteStrategyKind.PATCH,
        ("no transaction: the quirks of this kind of server rule it out",),
    )


def test_a_pinned_strategy_stays_and_names_the_objection() -> None:
    held = Capabilities(
        "4.0.1", "", frozenset({"batch"}), {"Patient": ResourceCapability(frozenset({"read"}))}
    )
    found = choose_strategy(ServerOffer(held), WriteStrategyKind.PUT)
    assert found.kind is WriteStrategyKind.PUT
    assert found.reasons[:2] == ("the settings name it", "but it does not offer Patient update")


def test_an_ehrs_own_questionnaire_needs_an_item_map() -> None:
    strategies = ("questionnaire-response", "document")
    assert (
        choose_strategy(ServerOffer(ANYTHING, Quirks(strategies, own_questionnaires=True))).kind
        is WriteStrategyKind.DOCUMENT
    )
    mapped = Quirks(
        strategies, own_questionnaires=True, questionnaire="urn:theirs", items={"race": "R1"}
    )
    assert (
        choose_strategy(ServerOffer(ANYTHING, mapped)).kind
        is WriteStrategyKind.QUESTIONNAIRE_RESPONSE
    )


def test_answers_are_mapped_to_ehr_items_and_missing_items_are_named() -> None:
    answer = [{"valueString": "Hmong"}]
    below = {
        "linkId": "race.details",
        "item": [{"linkId": "race.asian", "item": [{"linkId": "race.asian.write-in"}]}],
    }
    below["item"][0]["item"][0]["answer"] = answer  # type: ignore[index]
    response = {
        "questionnaire": "urn:ours",
        "item": [{"linkId": "notice", "answer": answer}, below],
    }
    items = {"race.asian.write-in": "R7"}
    mapped = Quirks(own_questionnaires=True, questionnaire="urn:theirs", items=items)
    assert map_to_ehr_items(response, mapped) == {
        "questionnaire": "urn:theirs",
        "item": [{"linkId": "R7", "answer": answer}],
    }
    assert unmapped_questions(response, mapped) == ()
    # A site leaves out a question only on purpose. The question is named without the chosen
    # group, because IT staff must not see answers.
    assert unmapped_questions(response, replace(mapped, items={"race.asian.write-in": ""})) == ()
    assert unmapped_questions(response, replace(mapped, items={"language": "L1"})) == ("race",)


@pytest.mark.parametrize("system", [frozenset({"batch"}), frozenset({"transaction"})])
def test_a_batch_is_sent_only_where_the_server_declares_it(system: frozenset[str]) -> None:
    held = Capabilities("4.0.1", "", system, {})
    assert choose_strategy(ServerOffer(held)).batch
    assert not choose_strategy(ServerOffer(held, Quirks(batch=False))).batch
    for silent in (frozenset({"search-system"}), frozenset[str]()):
        assert not choose_strategy(ServerOffer(Capabilities("4.0.1", "", silent, {}))).batch


def test_unsupported_elements_are_not_sent_and_a_repeat_changes_nothing() -> None:
    writer = Writer(us_core_version("6.1.0"), quirks=NARROW)
    merge = merge_for_server(PATIENT, SAID, writer)
    urls = [extension["url"] for extension in merge.patient["extension"]]
    assert urls == [BIRTH_SEX["url"], RACE.url]
    assert not set(urls) & set(INTERPRETER.extension_urls)
    [only] = merge.patient["communication"]
    assert (only["language"]["text"], only["preferred"], "extension" in only) == (
        "Spanish",
        True,
        False,
    )
    assert not merge_for_server(merge.patient, SAID, writer).changed


def test_a_patch_tests_and_replaces_only_changed_items() -> None:
    after = merge_for_server(PATIENT, SAID, Writer(us_core_version("6.1.0"))).patient
    sent = patch_operations(PATIENT, after, Quirks())
    assert all(
        operation["path"].startswith(("/extension/", "/communication/")) for operation in sent
    )
    assert [operation["op"] for operation in sent if operation["path"] == "/communication/0"] == [
        "test",
        "replace",
    ]
    assert {operation["op"] for operation in sent if operation["path"] == "/extension/-"} == {"add"}


def test_a_whole_list_is_replaced_without_refused_extensions() -> None:
    vendors = {"url": "https://ehr.example/own", "valueString": "theirs"}
    held = {**PATIENT, "extension": [vendors, BIRTH_SEX]}
    after = merge_for_server(held, SAID, Writer(us_core_version("6.1.0"), quirks=NARROW)).patient
    test, change, *rest = [
        operation
        for operation in patch_operations(held, after, NARROW)
        if operation["path"].startswith("/extension")
    ]
    assert (test["op"], test["value"]) == ("test", [vendors, BIRTH_SEX])
    assert (change["op"], [extension["url"] for extension in change["value"]], rest) == (
        "replace",
        [BIRTH_SEX["url"], RACE.url],
        [],
    )


def test_a_server_without_patch_tests_gets_none() -> None:
    after = merge_for_server(PATIENT, SAID, Writer(us_core_version("6.1.0"))).patient
    sent = patch_operations(PATIENT, after, Quirks(patch_tests=False))
    assert {operation["op"] for operation in sent} == {"add", "replace"}


def test_languages_stay_where_no_language_was_asked() -> None:
    held = {
        **PATIENT,
        "communication": [
            ENGLISH,
            {"language": {"text": "Hmong"}, "extension": [{"url": "https://ehr.example"}]},
        ],
    }
    said = without_elements(SAID, (Element.SPOKEN_LANGUAGE, Element.WRITTEN_LANGUAGE))
    assert (
        merge_for_server(held, said, Writer(us_core_version("6.1.0"), quirks=NARROW)).patient[
            "communication"
        ]
        == held["communication"]
    )
