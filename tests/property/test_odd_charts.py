"""Any node of a chart may be odd: the merge names it, or writes a Bundle that is valid R4."""

import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_client.client import FhirClient
from fhir_client.errors import PatientError
from fhir_client.transport.tolerant_json import parse_foreign_json
from fhir_client.uscore.chart import chart_elements, describe_elements, element_meanings
from fhir_client.uscore.chart_shape import MalformedChartError, require_shape
from fhir_client.uscore.versions import VERSIONS, us_core_version
from fhir_client.write.bundle import build_bundle
from fhir_client.write.charts import MergeContext, read_chart, refuse_partial_chart
from fhir_client.write.validation import InvalidBundleError, validate_bundle
from intake.mapping.statement import build_statement
from intake.settings import MappingPolicy
from tests.property.test_odd_nodes import DEEP, PATIENT, VALUES, Path, node_paths, replace_node
from tests.support.stub_server import StubResponse, run_stub_server
from tests.support.submission_strategies import QUESTION_SETS, submissions

CHART: dict[str, Any] = {
    **PATIENT,
    "meta": {"versionId": "3", "tag": [{"system": "urn:x", "code": "y"}]},
    "text": {"status": "generated", "div": "<div>race: White</div>"},
    "link": [{"other": {"reference": "Patient/2"}, "type": "seealso"}],
    "active": True,
}


def read_merge_input(chart: dict[str, Any]) -> dict[str, Any]:
    """Return the chart as the merge gets it from a server or a file."""
    patient: dict[str, Any] = parse_foreign_json(json.dumps(chart).encode())
    require_shape(patient)
    return patient


def merge_chart(chart: dict[str, Any], submission: Any, version_name: str) -> str:
    """Merge into the chart; return the fault that the merge names, "" for none."""
    questions = QUESTION_SETS[submission.question_set]
    statement = build_statement(submission, questions, MappingPolicy())
    try:
        patient = read_merge_input(chart)
        if not isinstance(patient.get("id"), str) or not patient.get("meta", {}).get("versionId"):
            return ""
        validate_bundle(build_bundle(statement, us_core_version(version_name), patient).bundle)
    except (MalformedChartError, InvalidBundleError) as error:
        return str(error)
    refuse_partial_chart(patient)
    describe_elements(patient)
    element_meanings(chart_elements(patient))
    return ""


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(tuple(node_paths(CHART))),
    VALUES,
    submissions,
    st.sampled_from(sorted(VERSIONS)),
)
def test_any_odd_node_is_named_or_kept_by_the_merge(
    path: Path, value: Any, submission: Any, version_name: str
) -> None:
    fault = merge_chart(replace_node(CHART, path, value), submission, version_name)
    assert not fault or str(path[0]) in fault


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(tuple(node_paths(CHART))), VALUES)
def test_any_odd_node_of_a_read_chart_is_an_error_of_that_chart(path: Path, value: Any) -> None:
    body = json.dumps(replace_node(CHART, path, value)).encode()
    with (
        run_stub_server(lambda _: StubResponse(body=body)) as server,
        FhirClient(f"{server.url}/fhir", timeout=5) as client,
        suppress(MalformedChartError, PatientError),
    ):
        chart_elements(read_chart(client, "Patient/odd", MergeContext(date(1980, 2, 29))))


def test_an_odd_node_that_no_merge_reads_holds_nothing() -> None:
    for odd in (5, None, [], "x", DEEP, {"coding": 5}):
        other = {"url": "https://vendor.example/note", "valueString": odd}
        chart = {**CHART, "extension": [*CHART["extension"], other], "contact": odd, "photo": odd}
        assert read_merge_input(chart)


@pytest.mark.parametrize(
    ("name", "value", "node"),
    [
        ("extension", 5, "Patient.extension is not a list"),
        ("extension", [5], "Patient.extension[0] is not an object"),
        ("extension", [{"url": {}}], "Patient.extension[0].url is not a text"),
        ("communication", {}, "Patient.communication is not a list"),
        (
            "communication",
            [{"language": {"coding": [{"code": 5}]}}],
            "Patient.communication[0].language.coding[0].code is not a text",
        ),
        ("communication", [{"preferred": "x"}], "Patient.communication[0].preferred is not true"),
        ("link", ["x"], "Patient.link[0] is not an object"),
        ("active", "no", "Patient.active is not true or false"),
    ],
)
def test_the_odd_node_is_named(name: str, value: Any, node: str) -> None:
    with pytest.raises(MalformedChartError) as caught:
        read_merge_input({**CHART, name: value})
    assert node in caught.value.message
