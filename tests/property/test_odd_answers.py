"""Any node of a server's answer may be odd: it is skipped, or an error of fhir_client names it."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_client.capabilities import parse_capabilities
from fhir_client.errors import FhirError
from fhir_client.transport import exact_json
from fhir_client.transport.responses import entry_errors, hidden_refusal, status_error
from fhir_client.transport.searchset import next_page_url, search_matches
from fhir_client.transport.tolerant_json import parse_foreign_json
from fhir_client.uscore.versions import us_core_version
from fhir_client.write import read_back, read_back_fetch, transaction
from fhir_client.write.bundle import build_bundle
from fhir_client.write.lookup import filter_by_identifier
from fhir_client.write.lost_update import find_lost_version
from fhir_client.write.patient_reports import read_reports
from fhir_client.write.strategy import ServerOffer, choose_strategy
from fhir_client.write.task import Writer
from intake.diagnostics.capabilities import check_capabilities
from intake.mapping.statement import build_statement
from intake.settings import MappingPolicy
from tests.property.test_odd_nodes import PATIENT, VALUES, node_paths, replace_node
from tests.support.outbox import EXAMPLE_SUBMISSION
from tests.support.server_checks import capability_statement
from tests.support.submission_strategies import QUESTION_SETS

Json = dict[str, Any]
VERSION = us_core_version("6.1.0")
WRITER = Writer(VERSION)
SUBMISSION = replace(EXAMPLE_SUBMISSION, patient="Patient/1")
STATEMENT = build_statement(SUBMISSION, QUESTION_SETS[SUBMISSION.question_set], MappingPolicy())
RESOURCES = [entry["resource"] for entry in build_bundle(STATEMENT, VERSION, None).bundle["entry"]]
OBSERVATIONS = [item for item in RESOURCES if item["resourceType"] == "Observation"]
[RESPONSE] = [item for item in RESOURCES if item["resourceType"] == "QuestionnaireResponse"]
[PROVENANCE] = [item for item in RESOURCES if item["resourceType"] == "Provenance"]
BUNDLE = {
    "resourceType": "Bundle",
    "type": "searchset",
    "link": [{"relation": "next", "url": "http://ehr.example/fhir?page=2"}],
    "entry": [
        {
            "search": {"mode": "match"},
            "resource": {**RESPONSE, "id": "1"},
            "response": {
                "status": "201 Created",
                "location": "QuestionnaireResponse/1/_history/1",
                "outcome": {"resourceType": "OperationOutcome", "issue": [{"code": "required"}]},
            },
        }
    ],
}
CURRENT_PATIENT = {"resourceType": "Patient", "id": "1", "meta": {"versionId": "3"}}
HISTORY = {
    "resourceType": "Bundle",
    "entry": [
        {
            "resource": {
                **PATIENT,
                "meta": {"versionId": str(number), "lastUpdated": f"2026-11-24T15:00:0{number}Z"},
            }
        }
        for number in (1, 2, 3)
    ],
}
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "required", "details": {"text": "x"}}],
}


class AnsweringClient:
    """A client whose server gives the same answer to everything."""

    base_url = "http://ehr.example/fhir"

    def __init__(self, answer: Json) -> None:
        self.answer = answer

    def search(self, _kind: str, _parameters: object, **_options: object) -> Iterator[Json]:
        yield from (*OBSERVATIONS[:1], self.answer, *OBSERVATIONS[1:])

    def send_bundle(self, _bundle: Json) -> Json:
        return self.answer

    def read_capabilities(self) -> Json:
        return capability_statement()


def read_others_reports(answer: Json) -> None:
    reports = list(read_reports(AnsweringClient(answer), "Patient/1"))  # type: ignore[arg-type]
    # The reports beside the odd one count.
    assert {OBSERVATIONS[0]["identifier"][0]["value"]} in [r.identifiers for r in reports]


def compare_observation(answer: Json) -> None:
    list(filter_by_identifier([answer], "Observation", OBSERVATIONS[0]["identifier"][0]))
    for expected in OBSERVATIONS:
        list(read_back._compare_observations([answer], "race", expected))


def compare_response(answer: Json) -> None:
    list(filter_by_identifier([answer], "QuestionnaireResponse", RESPONSE["identifier"]))
    list(read_back._compare_responses([answer], WRITER, STATEMENT))


def select_provenance(answer: Json) -> None:
    page = {"entry": [{"resource": answer}]}
    read_back._own_provenances(page, "QuestionnaireResponse/1")


def read_bundle(answer: Json) -> None:
    list(search_matches(answer))
    next_page_url(answer)
    list(entry_errors(answer))
    client: Any = AnsweringClient(answer)
    transaction._send_transaction(client, WRITER, STATEMENT, {"entry": []})
    read_back_fetch.fetch_resources(client, {"a": "Patient/1", "history": "x"}, batch=True)


def compare_history(answer: Json) -> None:
    find_lost_version(CURRENT_PATIENT, answer, WRITER, STATEMENT, "1", "3")


def judge_capabilities(answer: Json) -> None:
    capabilities = parse_capabilities(answer)
    assert capabilities.release_name in ("", "R4")
    strategy = choose_strategy(ServerOffer(capabilities))
    assert list(check_capabilities("server main", capabilities, strategy))


def read_outcome(answer: Json) -> None:
    text = exact_json.format_json(answer)
    assert all(status_error(status, text, answer).message for status in (400, 409, 422, 500))
    hidden_refusal(answer)


READERS: dict[str, tuple[Iterable[Json], Callable[[Json], None]]] = {
    "others' Observations": (OBSERVATIONS, read_others_reports),
    "own Observations": (OBSERVATIONS, compare_observation),
    "own QuestionnaireResponse": ([RESPONSE], compare_response),
    "Provenance": ([PROVENANCE], select_provenance),
    "Bundle": ([BUNDLE], read_bundle),
    "history": ([HISTORY], compare_history),
    "CapabilityStatement": ([capability_statement()], judge_capabilities),
    "OperationOutcome": ([OUTCOME], read_outcome),
}


@pytest.mark.parametrize("name", READERS)
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_any_odd_node_of_an_answer_is_skipped_or_an_error_of_ours(
    name: str, data: st.DataObject
) -> None:
    examples, read = READERS[name]
    example = data.draw(st.sampled_from(list(examples)))
    path = data.draw(st.sampled_from(tuple(node_paths(example))))
    odd = json.dumps(replace_node(example, path, data.draw(VALUES)))
    with suppress(FhirError):
        read(parse_foreign_json(odd.encode()))
