"""Any statements in a row merge into a chart without harm to what others wrote."""

from hypothesis import given
from hypothesis import strategies as st

from fhir_client.model import Element
from fhir_client.uscore.communication import language_modes
from fhir_client.uscore.patient_merge import MergePolicy, merge_statement
from fhir_client.uscore.statement import Language, Statement
from fhir_client.uscore.versions import VERSIONS, us_core_version
from tests.support.merge_examples import BIRTH_SEX, CHART
from tests.support.statement_strategies import statements


@given(
    st.lists(statements, min_size=1, max_size=4), st.sampled_from(sorted(VERSIONS)), st.booleans()
)
def test_merging_twice_changes_nothing_and_one_language_is_preferred(
    sequence: list[Statement], name: str, erases: bool
) -> None:
    version, policy = us_core_version(name), MergePolicy(decline_erases=erases)
    chart = CHART
    for statement in sequence:
        chart = dict(merge_statement(chart, statement, version, policy).patient)
        assert not merge_statement(chart, statement, version, policy).changed
        entries = chart["communication"]
        preferred = [entry["language"].get("text") for entry in entries if entry.get("preferred")]
        assert len(preferred) == 1 or (erases and not preferred)
        spoken = statement.values.get(Element.SPOKEN_LANGUAGE)
        if isinstance(spoken, Language):
            assert preferred == [spoken.wording]
        ids = [entry["id"] for entry in entries if "id" in entry]
        assert len(ids) == len(set(ids))
        written = statement.values.get(Element.WRITTEN_LANGUAGE)
        if isinstance(written, Language):
            assert [
                entry["language"]["text"] for entry in entries if "RWR" in language_modes(entry)
            ] == [written.wording]
        assert BIRTH_SEX in chart["extension"]
        assert chart["vendorOddity"] == CHART["vendorOddity"]
