"""Quirks are values: what they rule out is not chosen, and what a server cannot hold is not sent to it."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_client.capabilities import Capabilities, ResourceCapability
from fhir_client.model import Element, WriteStrategyKind
from fhir_client.quirks import WRITE_STRATEGIES, Quirks
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
    rungs=("patch", "worklist"),
    accepted_extensions=(RACE.url, ETHNICITY.url, BIRTH_SEX["url"]),
    replaces_extensions=True,
    one_communication=True,
)
ANYTHING = Capabilities("4.0.1", "", frozenset({"transaction", "batch"}), {})


def test_what_quirks_rule_out_is_not_chosen_and_the_reason_is_said() -> None:
    found = choose_strategy(ServerOffer(ANYTHING, NARROW))
    assert (found.kind, found.reasons) == (
        WriteStrategyKind.PATCH,
        ("no transaction: the quirks of this kind of server rule it out",),
    )


def test_a_pinned_rung_stands_and_what_speaks_against_it_is_said() -> None:
    held = Capabilities(
        "4.0.1", "", frozenset({"batch"}), {"Patient": ResourceCapability(frozenset({"read"}))}
    )
    found = choose_strategy(ServerOffer(held), WriteStrategyKind.PUT)
    assert found.kind is WriteStrategyKind.PUT
    assert found.reasons[:2] == ("the settings name it", "but it does not offer Patient update")


def test_answers_to_own_questionnaires_alone_need_a_map() -> None:
    rungs = ("questionnaire-response", "document")
    assert (
        choose_strategy(ServerOffer(ANYTHING, Quirks(rungs, own_questionnaires=True))).kind
        is WriteStrategyKind.DOCUMENT
    )
    mapped = Quirks(
        rungs, own_questionnaires=True, questionnaire="urn:theirs", items={"race": "R1"}
    )
    assert (
        choose_strategy(ServerOffer(ANYTHING, mapped)).kind
        is WriteStrategyKind.QUESTIONNAIRE_RESPONSE
    )


def test_an_answer_is_put_under_their_item_wherever_it_stood_and_one_that_has_none_goes_to_a_person() -> (
    None
):
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
    # A site may leave out a question, but never by oversight; and IT's page must not tell which group was chosen.
    assert unmapped_questions(response, replace(mapped, items={"race.asian.write-in": ""})) == ()
    assert unmapped_questions(response, replace(mapped, items={"language": "L1"})) == ("race",)


@pytest.mark.parametrize("system", [frozenset({"batch"}), frozenset({"transaction"})])
def test_a_batch_is_asked_for_only_where_it_may_be_answered(system: frozenset[str]) -> None:
    held = Capabilities("4.0.1", "", system, {})
    assert choose_strategy(ServerOffer(held)).batch
    assert not choose_strategy(ServerOffer(held, Quirks(batch=False))).batch
    for silent in (frozenset({"search-system"}), frozenset[str]()):
        assert not choose_strategy(ServerOffer(Capabilities("4.0.1", "", silent, {}))).batch


def test_what_a_server_cannot_hold_is_not_sent_and_a_repeat_changes_nothing() -> None:
    writer = Writer(us_core_version("6.1.0"), quirks=NARROW)
    merge = merge_for_server(PATIENT, SAID, writer)
    urls = [each["url"] for each in merge.patient["extension"]]
    assert urls == [BIRTH_SEX["url"], RACE.url]
    assert not set(urls) & set(INTERPRETER.extension_urls)
    [only] = merge.patient["communication"]
    assert (only["language"]["text"], only["preferred"], "extension" in only) == (
        "Spanish",
        True,
        False,
    )
    assert not merge_for_server(merge.patient, SAID, writer).changed


def test_a_patch_names_only_what_changes_and_tests_it_first() -> None:
    after = merge_for_server(PATIENT, SAID, Writer(us_core_version("6.1.0"))).patient
    sent = patch_operations(PATIENT, after, Quirks())
    assert all(each["path"].startswith(("/extension/", "/communication/")) for each in sent)
    assert [each["op"] for each in sent if each["path"] == "/communication/0"] == [
        "test",
        "replace",
    ]
    assert {each["op"] for each in sent if each["path"] == "/extension/-"} == {"add"}


def test_a_list_that_is_taken_as_a_whole_only_is_tested_and_replaced_as_a_whole_without_what_it_does_not_take() -> (
    None
):
    vendors = {"url": "https://ehr.example/own", "valueString": "theirs"}
    held = {**PATIENT, "extension": [vendors, BIRTH_SEX]}
    after = merge_for_server(held, SAID, Writer(us_core_version("6.1.0"), quirks=NARROW)).patient
    test, change, *rest = [
        each
        for each in patch_operations(held, after, NARROW)
        if each["path"].startswith("/extension")
    ]
    assert (test["op"], test["value"]) == ("test", [vendors, BIRTH_SEX])
    assert (change["op"], [each["url"] for each in change["value"]], rest) == (
        "replace",
        [BIRTH_SEX["url"], RACE.url],
        [],
    )


def test_a_server_that_takes_no_tests_gets_none() -> None:
    after = merge_for_server(PATIENT, SAID, Writer(us_core_version("6.1.0"))).patient
    sent = patch_operations(PATIENT, after, Quirks(patch_tests=False))
    assert {each["op"] for each in sent} == {"add", "replace"}


def test_languages_that_nobody_was_asked_about_stay_where_one_is_kept_as_well() -> None:
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


def test_every_rung_has_its_name() -> None:
    assert tuple(WriteStrategyKind) == WRITE_STRATEGIES
