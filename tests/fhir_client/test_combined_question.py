"""A combined question over an existing chart keeps, reviews or removes what it leaves open."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_client.errors import ChartConflictError
from fhir_client.model import Element, UntouchedChoice
from fhir_client.uscore.chart import chart_elements, describe_elements
from fhir_client.uscore.combined_question import CombinedRules
from fhir_client.uscore.elements import ETHNICITY, RACE
from fhir_client.uscore.patient_merge import MergePolicy, merge_statement
from fhir_client.uscore.statement import CDCREC, CategoryAnswer, Coding
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.charts import MergeContext
from fhir_client.write.conflicts import refuse_conflicts
from intake.terminology import find_detail
from tests.support.merge_examples import ASIAN, CHART_RACE, NOTHING

V6 = us_core_version("6.1.0")
HISPANIC = CategoryAnswer("Hispanic or Latino", (Coding(CDCREC, "2135-2", "Hispanic or Latino"),))
WHITE = CategoryAnswer("White", (Coding(CDCREC, "2106-3", "White"),))
HISPANIC_ALONE = replace(NOTHING, values={Element.ETHNICITY: HISPANIC})
WHITE_ALONE = replace(NOTHING, values={Element.RACE: WHITE})
ASIAN_ALONE = replace(NOTHING, values={Element.RACE: ASIAN})


def make_chart(url: str, text: str, **codes: tuple[str, ...]) -> dict[str, Any]:
    """Return a chart with one extension of codes by their part's URL."""
    parts = [
        {"url": part, "valueCoding": {"system": CDCREC, "code": code}}
        for part, listed in codes.items()
        for code in listed
    ]
    extension = {"url": url, "extension": [*parts, {"url": "text", "valueString": text}]}
    return {"resourceType": "Patient", "id": "1", "extension": [extension]}


WHITE_CHART = {"resourceType": "Patient", "id": "1", "extension": [CHART_RACE]}
CHINESE_CHART = make_chart(
    RACE.url,
    "Asian, Chinese, Vietnamese",
    ombCategory=("2028-9",),
    detailed=("2034-7", "2047-9"),
)


def open_policy(element: Element, choice: UntouchedChoice, *own: CategoryAnswer) -> MergePolicy:
    return MergePolicy(combined=CombinedRules({element: choice}, {element: own}, find_detail))


def test_an_untouched_race_of_others_stays() -> None:
    policy = open_policy(Element.RACE, UntouchedChoice.KEEP)
    merge = merge_statement(WHITE_CHART, HISPANIC_ALONE, V6, policy)
    assert chart_elements(merge.patient)["race"] == [CHART_RACE]
    assert merge.untouched_elements == {Element.RACE: UntouchedChoice.KEEP}


def test_the_site_can_have_an_untouched_race_removed() -> None:
    policy = open_policy(Element.RACE, UntouchedChoice.REMOVE)
    merge = merge_statement(WHITE_CHART, HISPANIC_ALONE, V6, policy)
    assert chart_elements(merge.patient)["race"] == []
    assert WHITE_CHART["extension"] == [CHART_RACE]
    assert not merge_statement(dict(merge.patient), HISPANIC_ALONE, V6, policy).changed


def test_the_site_can_have_an_untouched_race_reviewed() -> None:
    policy = open_policy(Element.RACE, UntouchedChoice.REVIEW)
    merge = merge_statement(WHITE_CHART, HISPANIC_ALONE, V6, policy)
    with pytest.raises(ChartConflictError, match="says more than the patient said") as conflict:
        refuse_conflicts(None, WHITE_CHART, merge, MergeContext(chart={}))
    assert conflict.value.elements == ("race",)


@pytest.mark.parametrize("choice", UntouchedChoice)
def test_the_patients_own_earlier_answer_gives_way(choice: UntouchedChoice) -> None:
    policy = open_policy(Element.RACE, choice, WHITE)
    merge = merge_statement(WHITE_CHART, HISPANIC_ALONE, V6, policy)
    assert chart_elements(merge.patient)["race"] == []
    policy = open_policy(Element.RACE, UntouchedChoice.KEEP, ASIAN, WHITE)
    merge = merge_statement(WHITE_CHART, HISPANIC_ALONE, V6, policy)
    assert chart_elements(merge.patient)["race"] == [CHART_RACE]


@pytest.mark.parametrize("choice", UntouchedChoice)
def test_an_unticked_hispanic_box_never_removes_not_hispanic(choice: UntouchedChoice) -> None:
    chart = make_chart(ETHNICITY.url, "Not Hispanic or Latino", ombCategory=("2186-5",))
    own = CategoryAnswer("Not Hispanic or Latino", (Coding(CDCREC, "2186-5"),))
    policy = open_policy(Element.ETHNICITY, choice, own)
    merge = merge_statement(chart, WHITE_ALONE, V6, policy)
    assert chart_elements(merge.patient)["ethnicity"] == chart["extension"]


def test_a_chart_without_an_answer_has_nothing_to_keep() -> None:
    chart = make_chart(RACE.url, "Unknown")
    policy = replace(
        open_policy(Element.RACE, UntouchedChoice.REVIEW), placeholders={Element.RACE: ("unknown",)}
    )
    assert merge_statement(chart, HISPANIC_ALONE, V6, policy).untouched_elements == {}


def test_a_coarser_answer_keeps_the_details_of_others() -> None:
    policy = MergePolicy(combined=CombinedRules(find_detail=find_detail))
    merge = merge_statement(CHINESE_CHART, ASIAN_ALONE, V6, policy)
    assert read_codes(merge.patient) == ["2028-9", "2034-7", "2047-9"]
    [description] = describe_elements(merge.patient)[Element.RACE]
    assert description == (
        "Asian; Chinese, Vietnamese [Asian 2028-9, Chinese 2034-7, Vietnamese 2047-9]"
    )
    assert not merge_statement(dict(merge.patient), ASIAN_ALONE, V6, policy).changed


def test_details_under_a_group_that_was_not_chosen_go() -> None:
    policy = MergePolicy(combined=CombinedRules(find_detail=find_detail))
    merge = merge_statement(CHINESE_CHART, WHITE_ALONE, V6, policy)
    assert read_codes(merge.patient) == ["2106-3"]


def test_a_detail_chosen_anew_replaces_the_details_of_its_group() -> None:
    answer = replace(ASIAN, text="Asian, Korean", detailed=(Coding(CDCREC, "2040-4", "Korean"),))
    statement = replace(NOTHING, values={Element.RACE: answer})
    policy = MergePolicy(combined=CombinedRules(find_detail=find_detail))
    merge = merge_statement(CHINESE_CHART, statement, V6, policy)
    assert read_codes(merge.patient) == ["2028-9", "2040-4"]


def test_details_that_came_through_us_go_with_their_answer() -> None:
    own = replace(ASIAN, detailed=(Coding(CDCREC, "2034-7", "Chinese"),))
    rules = CombinedRules(own_values={Element.RACE: (own,)}, find_detail=find_detail)
    merge = merge_statement(CHINESE_CHART, ASIAN_ALONE, V6, MergePolicy(combined=rules))
    assert read_codes(merge.patient) == ["2028-9", "2047-9"]


def read_codes(patient: Any) -> list[str]:
    [extension] = chart_elements(patient)["race"]
    return [part["valueCoding"]["code"] for part in extension["extension"] if "valueCoding" in part]
