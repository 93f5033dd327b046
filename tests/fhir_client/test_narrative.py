"""A narrative that was made from the elements goes when the merge makes it untrue."""

from typing import Any

import pytest

from fhir_client.model import Element
from fhir_client.quirks import Quirks
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.patient_merge import merge_statement
from fhir_client.uscore.statement import CDCREC, CategoryAnswer, Coding, TribalAffiliation, Tribe
from fhir_client.uscore.undo_record import element_changes, restore_prior_values
from fhir_client.write.json_patch import patch_operations
from tests.support.merge_examples import (
    ASIAN,
    CHART,
    CHINESE,
    DECLINED,
    SPANISH,
    V6,
    merge_values,
    with_values,
)

WHITE = CategoryAnswer("White", (Coding(CDCREC, "2106-3", "White"),))


def with_narrative(status: object, chart: dict[str, Any] = CHART) -> dict[str, Any]:
    """Return a chart with a narrative of that status."""
    return {**chart, "text": {"status": status, "div": "<div>race: White</div>"}}


@pytest.mark.parametrize("status", ["generated", "extensions"])
@pytest.mark.parametrize(
    "values",
    [
        {Element.RACE: ASIAN},
        {Element.SPOKEN_LANGUAGE: SPANISH},
        {Element.WRITTEN_LANGUAGE: CHINESE},
        {Element.TRIBAL_AFFILIATION: TribalAffiliation((Tribe("Hopi"),))},
    ],
)
def test_a_made_narrative_that_became_untrue_is_removed(status: str, values: Any) -> None:
    assert "text" not in merge_values(values, with_narrative(status))


@pytest.mark.parametrize("status", ["additional", "empty", None, 7])
def test_a_narrative_that_a_person_may_have_written_stays(status: object) -> None:
    chart = with_narrative(status)
    assert merge_values({Element.RACE: ASIAN}, chart)["text"] == chart["text"]


@pytest.mark.parametrize("values", [{Element.RACE: DECLINED}, {Element.RACE: WHITE}])
def test_a_narrative_that_is_still_true_stays(values: Any) -> None:
    chart = with_narrative("generated")
    assert merge_values(values, chart)["text"] == chart["text"]


@pytest.mark.parametrize("text", ["race: White", [None]])
def test_a_narrative_of_an_odd_shape_stays(text: object) -> None:
    assert merge_values({Element.RACE: ASIAN}, {**CHART, "text": text})["text"] == text


def test_the_chart_that_was_read_keeps_its_narrative() -> None:
    chart = with_narrative("generated")
    merge_statement(chart, with_values({Element.RACE: ASIAN}), V6)
    assert "text" in chart


def test_undo_removes_a_narrative_that_was_made_from_our_values() -> None:
    merged = merge_values({Element.RACE: ASIAN})
    changes = element_changes(chart_elements(CHART), chart_elements(merged), str)
    restored = restore_prior_values(with_narrative("generated", merged), changes, str)
    assert restored == CHART


def test_a_server_that_takes_some_extensions_alone_keeps_its_own_narrative() -> None:
    before = with_narrative("generated")
    after = merge_values({Element.RACE: ASIAN}, before)
    paths = [operation["path"] for operation in patch_operations(before, after, Quirks())]
    assert paths.count("/text") == 2
    limited = Quirks(accepted_extensions=("http://vendor.example/a",))
    assert "/text" not in [
        operation["path"] for operation in patch_operations(before, after, limited)
    ]
