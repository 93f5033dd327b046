"""Conflicts between the chart of the visit, the current chart and the answers."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast
from uuid import UUID, uuid5

import pytest

from fhir_client.client import FhirClient
from fhir_client.errors import ChartConflictError
from fhir_client.model import Element
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.elements import OBSERVATION_CODES
from fhir_client.uscore.patient_merge import MergePolicy, merge_statement
from fhir_client.uscore.statement import (
    AbsentReason,
    CategoryAnswer,
    Interpreter,
    Statement,
    TribalAffiliation,
)
from fhir_client.write.charts import MergeContext
from fhir_client.write.conflicts import refuse_conflicts
from tests.support.merge_examples import ASIAN, CANTONESE, NOTHING, SPANISH, V6
from tests.support.statements import NAVAJO_TRIBE, UNLISTED_TRIBE

BARE: dict[str, Any] = {"resourceType": "Patient", "id": "1"}
SAID = {
    "race": (
        replace(NOTHING, values={Element.RACE: ASIAN}),
        replace(NOTHING, values={Element.RACE: CategoryAnswer("White")}),
    ),
    "ethnicity": (
        replace(NOTHING, values={Element.ETHNICITY: CategoryAnswer("Cuban")}),
        replace(NOTHING, values={Element.ETHNICITY: CategoryAnswer("Mexican")}),
    ),
    "spoken-language": (
        replace(NOTHING, values={Element.SPOKEN_LANGUAGE: SPANISH}),
        replace(NOTHING, values={Element.SPOKEN_LANGUAGE: CANTONESE}),
    ),
    "written-language": (
        replace(NOTHING, values={Element.WRITTEN_LANGUAGE: SPANISH}),
        replace(NOTHING, values={Element.WRITTEN_LANGUAGE: CANTONESE}),
    ),
    "tribal-affiliation": (
        replace(NOTHING, values={Element.TRIBAL_AFFILIATION: TribalAffiliation((NAVAJO_TRIBE,))}),
        replace(NOTHING, values={Element.TRIBAL_AFFILIATION: TribalAffiliation((UNLISTED_TRIBE,))}),
    ),
    "interpreter": (
        replace(NOTHING, values={Element.INTERPRETER: Interpreter(True)}),
        replace(NOTHING, values={Element.INTERPRETER: Interpreter(False)}),
    ),
}
OBSERVED = sorted(OBSERVATION_CODES)
"""The written language has no Observation, so no report of it can exist."""


class ReportingServer:
    """A server with the patient's own report of an element."""

    def __init__(self, element: str = "", submission: UUID | None = None) -> None:
        self.element, self.submission = element, submission

    def search(self, *_: object) -> Iterator[dict[str, Any]]:
        if self.element in OBSERVATION_CODES:
            code = {"coding": [{"code": OBSERVATION_CODES[Element(self.element)].code}]}
            own = (
                []
                if self.submission is None
                else [{"value": uuid5(self.submission, self.element).urn}]
            )
            method = {"coding": [{"code": "self-reported"}]}
            subject = {"reference": f"Patient/{BARE['id']}"}
            yield {
                "status": "final",
                "code": code,
                "method": method,
                "identifier": own,
                "subject": subject,
            }


def chart(said: Statement | None) -> dict[str, Any]:
    return BARE if said is None else dict(merge_statement(BARE, said, V6).patient)


def find_conflicts(
    said: Statement,
    now: dict[str, Any],
    known: MergeContext,
    reports: ReportingServer | None = None,
    **policy: Any,
) -> tuple[str, ...]:
    """Return the elements that a reviewer must decide about."""
    try:
        merge = merge_statement(now, said, V6, MergePolicy(**policy))
        refuse_conflicts(cast("FhirClient", reports or ReportingServer()), now, merge, known)
    except ChartConflictError as error:
        return error.elements
    return ()


@pytest.mark.parametrize("element", sorted(SAID))
def test_with_a_merge_base_only_changes_by_others_conflict(element: str) -> None:
    said, other = SAID[element]
    empty, theirs, same = (chart_elements(chart(statement)) for statement in (None, other, said))
    table = {
        # The chart is unchanged: the answer replaces whatever is there.
        ("then empty, now empty"): (empty, None, ()),
        ("then theirs, now theirs"): (theirs, other, ()),
        # Others changed the chart: a reviewer decides, unless both agree or nothing is lost.
        ("then empty, now theirs"): (empty, other, (element,)),
        ("then the person's, now theirs"): (same, other, (element,)),
        ("then empty, now the same"): (empty, said, ()),
        ("then theirs, now empty"): (theirs, None, ()),
    }
    found = {
        name: find_conflicts(said, chart(now), MergeContext(chart=then))
        for name, (then, now, _) in table.items()
    }
    assert found == {name: expected for name, (_, _, expected) in table.items()}


@pytest.mark.parametrize("element", sorted(SAID))
def test_without_a_merge_base_only_patient_reports_conflict(element: str) -> None:
    said, other = SAID[element]
    reports = ReportingServer(element)
    expected = (element,) if element in OBSERVED else ()
    assert find_conflicts(said, chart(other), MergeContext(), reports) == expected
    assert find_conflicts(said, chart(other), MergeContext()) == ()
    assert find_conflicts(said, chart(said), MergeContext(), reports) == ()
    assert find_conflicts(said, chart(None), MergeContext(), reports) == ()


def test_our_own_earlier_writes_are_no_conflict() -> None:
    said, other = SAID["race"]
    ours = UUID(int=9)
    assert (
        find_conflicts(
            said,
            chart(other),
            MergeContext(own_submissions=frozenset({ours})),
            ReportingServer("race", ours),
        )
        == ()
    )
    assert (
        find_conflicts(
            said,
            chart(other),
            MergeContext(chart=chart_elements(BARE), corrected_elements=frozenset({"race"})),
        )
        == ()
    )


@pytest.mark.parametrize("reason", list(AbsentReason))
def test_declining_conflicts_only_where_it_erases(reason: AbsentReason) -> None:
    _, other = SAID["race"]
    declined, known = (
        replace(NOTHING, values={Element.RACE: reason}),
        MergeContext(chart=chart_elements(BARE)),
    )
    assert find_conflicts(declined, chart(other), known) == ()
    assert find_conflicts(declined, chart(other), known, decline_erases=True) == ("race",)


@pytest.mark.parametrize("element", sorted(SAID))
def test_a_decided_conflict_returns_only_for_another_value(element: str) -> None:
    said, other = SAID[element]
    then = chart_elements(BARE)
    with pytest.raises(ChartConflictError) as raised:
        refuse_conflicts(
            cast("FhirClient", ReportingServer()),
            chart(other),
            merge_statement(chart(other), said, V6),
            MergeContext(chart=then),
        )
    [contest] = raised.value.conflicts
    assert contest.chart != contest.answer
    assert not any(
        words and words in str(raised.value) for words in (*contest.chart, *contest.answer)
    )
    settled = MergeContext(chart=then, decided_values={element: contest.chart_key})
    assert find_conflicts(said, chart(other), settled) == ()
    assert find_conflicts(
        said, chart(other), replace(settled, decided_values={element: "another"})
    ) == (element,)
    # A decision for the chart writes nothing of the element, so nothing is lost.
    kept = merge_statement(
        chart(other), said, V6, MergePolicy(elements_to_keep=frozenset({element}))
    )
    assert kept.patient == chart(other)
    assert (
        find_conflicts(
            said, chart(other), MergeContext(chart=then), elements_to_keep=frozenset({element})
        )
        == ()
    )


def read_reason(context: MergeContext, reports: ReportingServer, *, by_another: bool) -> str:
    """Return the message of a conflict about race, with a chart that says otherwise."""
    said, other = SAID["race"]
    merge = merge_statement(chart(other), said, V6)
    with pytest.raises(ChartConflictError) as raised:
        refuse_conflicts(
            cast("FhirClient", reports), chart(other), merge, context, by_another=by_another
        )
    assert [conflict.reason for conflict in raised.value.conflicts] == [
        raised.value.message.partition(" (race)")[0]
    ]
    return raised.value.message


def test_each_conflict_gives_its_true_reason() -> None:
    visit, none = MergeContext(chart=chart_elements(BARE)), MergeContext()
    reported = ReportingServer("race")
    assert "changed after the visit began" in read_reason(
        visit, ReportingServer(), by_another=False
    )
    without_visit = read_reason(none, reported, by_another=False)
    assert "Another source recorded a different answer, and no visit shows" in without_visit
    assert "after the visit began" not in without_visit
    for context in (visit, none):
        message = read_reason(context, reported, by_another=True)
        assert "the patient said otherwise themselves" in message


def test_two_reasons_in_one_submission_each_name_their_elements() -> None:
    said = replace(
        NOTHING,
        values={Element.RACE: ASIAN, Element.ETHNICITY: CategoryAnswer("Cuban")},
    )
    other = replace(
        NOTHING,
        values={
            Element.RACE: CategoryAnswer("White"),
            Element.ETHNICITY: CategoryAnswer("Mexican"),
        },
    )
    merge = merge_statement(chart(other), said, V6)
    with pytest.raises(ChartConflictError) as raised:
        refuse_conflicts(
            cast("FhirClient", ReportingServer("race")),
            chart(other),
            merge,
            MergeContext(chart=chart_elements(BARE)),
            by_another=True,
        )
    assert "said otherwise themselves: race; " in raised.value.message
    assert "changed after the visit began: ethnicity" in raised.value.message
