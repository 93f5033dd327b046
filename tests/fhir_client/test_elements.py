"""Every element has one spec, and what is stored of a chart stays readable."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_client.model import US_CORE_VERSIONS, Element
from fhir_client.uscore.chart import CHART_PARTS, chart_elements, parse_chart_elements
from fhir_client.uscore.elements import EXTENSION_URLS, OBSERVATION_CODES, SPECS, WRITTEN_LANGUAGE
from fhir_client.uscore.observations import build_observations, parse_observation
from fhir_client.uscore.patient_merge import merge_statement
from fhir_client.uscore.statement import (
    AbsentReason,
    CategoryAnswer,
    ElementValue,
    Interpreter,
    Language,
    Statement,
)
from fhir_client.uscore.undo_record import (
    ElementChange,
    ValueChange,
    chart_part_of,
    element_changes,
    encode_change,
    parse_change,
    restore_prior_values,
)
from fhir_client.uscore.versions import VERSIONS, us_core_version
from tests.support.statements import EMPTY_STATEMENT

RACE_EXTENSION: dict[str, Any] = {"url": SPECS[Element.RACE].extension_urls[0]}


def with_value(element: Element, value: ElementValue) -> Statement:
    return replace(EMPTY_STATEMENT, values={element: value})


def test_every_element_has_the_spec_of_its_own_name() -> None:
    assert set(SPECS) == set(Element)
    assert all(spec.element is element for element, spec in SPECS.items())


def test_no_two_elements_share_a_code_or_an_extension() -> None:
    codes = [coding.code for coding in OBSERVATION_CODES.values()]
    assert len(codes) == len(set(codes))
    urls = [url for spec in SPECS.values() for url in spec.extension_urls]
    assert sorted(urls) == sorted(EXTENSION_URLS)


def test_every_chart_part_is_found_by_its_elements() -> None:
    assert {chart_part_of(element) for element in Element} == set(CHART_PARTS)


def test_every_version_that_settings_may_name_has_a_row() -> None:
    assert set(US_CORE_VERSIONS) == set(VERSIONS)
    assert us_core_version("8.0.0") is us_core_version("8.0.1")


@pytest.mark.parametrize("element", sorted(set(Element) - {Element.INTERPRETER}))
def test_a_value_of_another_element_is_refused(element: Element) -> None:
    with pytest.raises(TypeError, match="Interpreter is no"):
        merge_statement({}, with_value(element, Interpreter(needed=True)), us_core_version("6.1.0"))


def test_an_element_without_an_observation_has_no_code() -> None:
    with pytest.raises(TypeError, match="NoneType is no ObservationSpec"):
        _ = WRITTEN_LANGUAGE.code


def test_an_interpreter_takes_no_language() -> None:
    said = with_value(Element.INTERPRETER, Language("Español"))
    with pytest.raises(TypeError, match="Language is no Interpreter"):
        merge_statement({}, said, us_core_version("6.1.0"))


@pytest.mark.parametrize("element", sorted(OBSERVATION_CODES))
@pytest.mark.parametrize("reason", AbsentReason)
def test_an_absent_reason_comes_back_from_its_observation(
    element: Element, reason: AbsentReason
) -> None:
    [(observed, observation)] = build_observations(
        with_value(element, reason), us_core_version("6.1.0")
    )
    assert (observed, parse_observation(observation)) == (element, reason)


def test_an_observation_of_another_code_says_nothing() -> None:
    assert parse_observation({"valueCodeableConcept": {"text": "Spanish"}}) is None


def test_stored_charts_are_read_in_the_older_form_too() -> None:
    chart = {"resourceType": "Patient", "extension": [RACE_EXTENSION]}
    older = {"race": RACE_EXTENSION, "ethnicity": None, "interpreter": None, "communication": None}
    assert parse_chart_elements(older) == chart_elements(chart)
    assert parse_chart_elements(chart_elements(chart)) == chart_elements(chart)


def test_a_stored_change_keeps_its_keys() -> None:
    change = ElementChange("race", (ValueChange(RACE_EXTENSION, "x"),), "before", "after")
    stored = {
        "element": "race",
        "swaps": [{"before": RACE_EXTENSION, "wrote": "x"}],
        "meant": "before",
        "means": "after",
    }
    assert encode_change(change) == stored
    assert parse_change(stored) == change


def test_undo_leaves_no_empty_list() -> None:
    chart: dict[str, Any] = {"resourceType": "Patient"}
    statement = with_value(Element.RACE, CategoryAnswer("Asian"))
    merged = merge_statement(chart, statement, us_core_version("6.1.0")).patient
    changes = element_changes(chart_elements(chart), chart_elements(merged), str.upper)
    assert restore_prior_values(merged, changes, str.upper) == chart
