"""The table of FHIR.md, section 6: what the visit knew, what the chart says now, what the person says, and who decides."""

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
from fhir_client.write.charts import MergeContext, refuse_conflicts
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
"""The written language has no Observation, so nothing can show that somebody was told it."""


class Told:
    """A server on which the patient told somebody an element."""

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


def contested(
    said: Statement,
    now: dict[str, Any],
    known: MergeContext,
    told: Told | None = None,
    **policy: Any,
) -> tuple[str, ...]:
    """The elements that somebody has to decide about."""
    try:
        merge = merge_statement(now, said, V6, MergePolicy(**policy))
        refuse_conflicts(cast("FhirClient", told or Told()), now, merge, known)
    except ChartConflictError as error:
        return error.elements
    return ()


@pytest.mark.parametrize("element", sorted(SAID))
def test_with_a_base_only_what_others_changed_since_is_contested(element: str) -> None:
    said, other = SAID[element]
    empty, theirs, same = (chart_elements(chart(each)) for each in (None, other, said))
    table = {
        # The chart as it was: the person's word goes in, whatever it replaces.
        ("then empty, now empty"): (empty, None, ()),
        ("then theirs, now theirs"): (theirs, other, ()),
        # Somebody else wrote meanwhile: a person decides, unless both say the same, or nothing would be lost.
        ("then empty, now theirs"): (empty, other, (element,)),
        ("then the person's, now theirs"): (same, other, (element,)),
        ("then empty, now the same"): (empty, said, ()),
        ("then theirs, now empty"): (theirs, None, ()),
    }
    found = {
        name: contested(said, chart(now), MergeContext(chart=then))
        for name, (then, now, _) in table.items()
    }
    assert found == {name: expected for name, (_, _, expected) in table.items()}


@pytest.mark.parametrize("element", sorted(SAID))
def test_without_a_base_only_what_the_patient_told_somebody_is_contested(element: str) -> None:
    said, other = SAID[element]
    told = Told(element)
    expected = (element,) if element in OBSERVED else ()
    assert contested(said, chart(other), MergeContext(), told) == expected
    assert contested(said, chart(other), MergeContext()) == ()
    assert contested(said, chart(said), MergeContext(), told) == ()
    assert contested(said, chart(None), MergeContext(), told) == ()


def test_what_we_wrote_ourselves_is_no_word_of_somebody_else() -> None:
    said, other = SAID["race"]
    ours = UUID(int=9)
    assert (
        contested(
            said, chart(other), MergeContext(own_submissions=frozenset({ours})), Told("race", ours)
        )
        == ()
    )
    assert (
        contested(
            said,
            chart(other),
            MergeContext(chart=chart_elements(BARE), corrected_elements=frozenset({"race"})),
        )
        == ()
    )


@pytest.mark.parametrize("reason", list(AbsentReason))
def test_declining_is_contested_only_where_it_erases(reason: AbsentReason) -> None:
    _, other = SAID["race"]
    declined, known = (
        replace(NOTHING, values={Element.RACE: reason}),
        MergeContext(chart=chart_elements(BARE)),
    )
    assert contested(declined, chart(other), known) == ()
    assert contested(declined, chart(other), known, decline_erases=True) == ("race",)


@pytest.mark.parametrize("element", sorted(SAID))
def test_what_was_decided_is_asked_once_over_the_same_value(element: str) -> None:
    said, other = SAID[element]
    then = chart_elements(BARE)
    with pytest.raises(ChartConflictError) as raised:
        refuse_conflicts(
            cast("FhirClient", Told()),
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
    assert contested(said, chart(other), settled) == ()
    assert contested(said, chart(other), replace(settled, decided_values={element: "another"})) == (
        element,
    )
    # Decided for the chart, nothing of it is written, and so nothing is lost.
    kept = merge_statement(
        chart(other), said, V6, MergePolicy(elements_to_keep=frozenset({element}))
    )
    assert kept.patient == chart(other)
    assert (
        contested(
            said, chart(other), MergeContext(chart=then), elements_to_keep=frozenset({element})
        )
        == ()
    )
