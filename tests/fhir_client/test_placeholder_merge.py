"""A chart's text that only says that no answer is known gives way like an empty chart."""

from typing import Any

import pytest

from fhir_client.errors import ChartConflictError
from fhir_client.model import Element, Json
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.elements import RACE
from fhir_client.uscore.patient_merge import MergePolicy, PatientMerge, merge_statement
from fhir_client.uscore.statement import CategoryAnswer, ElementValue
from fhir_client.uscore.versions import NULL_FLAVOR
from fhir_client.write.charts import MergeContext
from fhir_client.write.conflicts import refuse_conflicts
from tests.support.merge_examples import ASIAN, DECLINED, V6, with_values

POLICY = MergePolicy(placeholders={Element.RACE: frozenset({"unknown", "patient declined", "n/a"})})
NOTHING = ["Unknown", "UNKNOWN.", "Patient declined", "N/A", "\u200b"]
BARE: dict[str, Any] = {"resourceType": "Patient", "id": "1"}


def build_chart(*texts: str, code: str | None = None) -> dict[str, Any]:
    coding = {"url": "ombCategory", "valueCoding": {"system": NULL_FLAVOR, "code": code}}
    return {
        **BARE,
        "extension": [
            {
                "url": RACE.url,
                "extension": [*([coding] if code else []), {"url": "text", "valueString": text}],
            }
            for text in texts
        ],
    }


def merge_race(chart: Json, value: ElementValue, policy: MergePolicy = POLICY) -> PatientMerge:
    return merge_statement(chart, with_values({Element.RACE: value}), V6, policy)


def needs_review(chart: Json, merge: PatientMerge) -> bool:
    """Return whether a reviewer decides, where the chart was empty as the visit began."""
    try:
        refuse_conflicts(None, chart, merge, MergeContext(chart=chart_elements(BARE)))
    except ChartConflictError:
        return True
    return False


@pytest.mark.parametrize("text", NOTHING, ids=ascii)
@pytest.mark.parametrize("code", [None, "ASKU", "UNK"])
def test_a_decline_is_written_over_a_placeholder(text: str, code: str | None) -> None:
    merge = merge_race(build_chart(text, code=code), DECLINED)
    assert merge.kept_elements == ()
    assert RACE.describe(RACE.find_items(merge.patient)) == ("Declined to answer",)
    assert not merge_race(merge.patient, DECLINED).changed


@pytest.mark.parametrize("texts", [("Gullah",), ("Unknown", "Gullah"), ("Gullah", "Unknown")])
def test_a_decline_keeps_a_text_that_says_something(texts: tuple[str, ...]) -> None:
    chart = build_chart(*texts)
    merge = merge_race(chart, DECLINED)
    assert merge.kept_elements == (Element.RACE,)
    assert merge.patient == chart


@pytest.mark.parametrize("text", NOTHING, ids=ascii)
def test_an_answer_replaces_a_placeholder_without_review(text: str) -> None:
    chart = build_chart(text)
    merge = merge_race(chart, ASIAN)
    assert RACE.has_value(merge.patient)
    assert not needs_review(chart, merge)


@pytest.mark.parametrize("texts", [("Gullah",), ("Unknown", "Gullah")])
def test_an_answer_over_a_text_that_says_something_is_reviewed(texts: tuple[str, ...]) -> None:
    chart = build_chart(*texts)
    assert needs_review(chart, merge_race(chart, ASIAN))


@pytest.mark.parametrize("words", ["Unknown", "N/A"])
def test_a_persons_own_words_are_written_whatever_they_say(words: str) -> None:
    merge = merge_race(BARE, CategoryAnswer(words))
    assert RACE.describe(RACE.find_items(merge.patient)) == (words,)


def test_the_client_knows_no_placeholders_of_its_own() -> None:
    chart = build_chart("N/A")
    assert merge_race(chart, DECLINED, MergePolicy()).kept_elements == (Element.RACE,)
