"""Any correction leaves the same chart, whether or not the first answers were written."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fhir_client.model import Element, Json
from fhir_client.uscore.chart import CHART_PARTS, chart_elements, element_meanings
from fhir_client.uscore.correction import Correction, EarlierWrite
from fhir_client.uscore.patient_merge import MergePolicy, merge_statement
from fhir_client.uscore.statement import ElementValue, Statement, without_elements
from fhir_client.uscore.undo_record import element_changes
from fhir_client.uscore.versions import VERSIONS, us_core_version
from tests.support.merge_examples import CHART, NOTHING
from tests.support.statement_strategies import statements

BARE: Json = {"resourceType": "Patient", "id": "1"}
covered_sets = st.frozensets(st.sampled_from(Element), max_size=3)
charts = st.sampled_from([BARE, CHART]) | st.builds(
    lambda statement: dict(merge_statement(CHART, statement, us_core_version("6.1.0")).patient),
    statements,
)


def keyed_hash(text: str) -> str:
    return f"keyed {text}"


def write_in_turn(
    chart: Json, sequence: Sequence[tuple[Statement, frozenset[Element]]], name: str, erases: bool
) -> Json:
    """Return the chart after each statement corrected all those before it."""
    version = us_core_version(name)
    writes: list[EarlierWrite] = []
    for statement, ruled_out in sequence:
        elements = ruled_out | statement.values.keys()
        correction = Correction(tuple(reversed(writes)), elements, keyed_hash)
        policy = MergePolicy(decline_erases=erases, correction=correction)
        merge = merge_statement(chart, statement, version, policy)
        assert not merge.foreign_elements
        assert not merge_statement(dict(merge.patient), statement, version, policy).changed
        changes = element_changes(merge.prior_values, chart_elements(merge.patient), keyed_hash)
        writes.append(EarlierWrite(statement, frozenset(elements), changes))
        chart = dict(merge.patient)
    return chart


@given(
    charts,
    st.lists(st.tuples(statements, covered_sets), min_size=2, max_size=4),
    st.sampled_from(sorted(VERSIONS)),
    st.booleans(),
)
def test_corrections_leave_the_last_answers_over_the_chart_before_the_visit(
    chart: Json,
    sequence: list[tuple[Statement, frozenset[Element]]],
    name: str,
    erases: bool,
) -> None:
    written = write_in_turn(chart, sequence, name, erases)
    # Each answer that no later submission covers, as if all had been one.
    open_elements, values = frozenset(Element), dict[Element, ElementValue]()
    for statement, ruled_out in reversed(sequence):
        values |= without_elements(statement, frozenset(Element) - open_elements).values
        open_elements -= ruled_out | statement.values.keys()
    policy = MergePolicy(decline_erases=erases)
    at_once = merge_statement(chart, replace(NOTHING, values=values), us_core_version(name), policy)
    meanings = [element_meanings(chart_elements(item)) for item in (written, at_once.patient)]
    assert meanings[0] == meanings[1]
    if not values:
        before = chart_elements(chart)
        assert [len(chart_elements(written)[part]) for part in CHART_PARTS] == [
            len(before[part]) for part in CHART_PARTS
        ]
