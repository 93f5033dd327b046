"""Any statements, one after the other, merged into a chart: each of them once, and nothing of others is harmed."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fhir_client.model import Element
from fhir_client.uscore.communication import language_modes
from fhir_client.uscore.patient_merge import MergePolicy, merge_statement
from fhir_client.uscore.statement import (
    CDCREC,
    AbsentReason,
    CategoryAnswer,
    Coding,
    Interpreter,
    Language,
    Statement,
    TribalAffiliation,
)
from fhir_client.uscore.versions import VERSIONS, us_core_version
from tests.fhir_client.test_patient_merge import (
    BIRTH_SEX,
    CANTONESE,
    CHART,
    CHINESE,
    MANDARIN,
    NOTHING,
    SIGN,
    SPANISH,
)
from tests.support.statements import NAVAJO_TRIBE, UNLISTED_TRIBE

codeds = st.builds(
    CategoryAnswer, st.text(min_size=1, max_size=9), st.just((Coding(CDCREC, "2028-9"),))
)
languages = st.sampled_from([SPANISH, CANTONESE, MANDARIN, CHINESE, SIGN, Language("Mixteco bajo")])
reasons = st.sampled_from(AbsentReason)
affiliations = st.sampled_from(
    [TribalAffiliation((NAVAJO_TRIBE,)), TribalAffiliation((NAVAJO_TRIBE, UNLISTED_TRIBE))]
)
element_values = st.fixed_dictionaries(
    {},
    optional={
        Element.RACE: reasons | codeds,
        Element.ETHNICITY: reasons | codeds,
        Element.SPOKEN_LANGUAGE: reasons | languages,
        Element.WRITTEN_LANGUAGE: reasons | languages,
        Element.INTERPRETER: reasons | st.builds(Interpreter, st.booleans()),
        Element.TRIBAL_AFFILIATION: reasons | affiliations,
    },
)
statements = st.builds(replace, st.just(NOTHING), values=element_values)


@given(
    st.lists(statements, min_size=1, max_size=4), st.sampled_from(sorted(VERSIONS)), st.booleans()
)
def test_applying_twice_changes_nothing_and_one_language_is_preferred(
    said: list[Statement], name: str, erases: bool
) -> None:
    chart, policy = CHART, MergePolicy(decline_erases=erases)
    for each in said:
        chart = dict(merge_statement(chart, each, us_core_version(name), policy).patient)
        assert not merge_statement(chart, each, us_core_version(name), policy).changed
        preferred = [
            entry["language"].get("text")
            for entry in chart["communication"]
            if entry.get("preferred")
        ]
        assert len(preferred) == 1 or (erases and not preferred)
        spoken = each.values.get(Element.SPOKEN_LANGUAGE)
        if isinstance(spoken, Language):
            assert preferred == [spoken.text]
        ids = [entry["id"] for entry in chart["communication"] if "id" in entry]
        assert len(ids) == len(set(ids))
        written = each.values.get(Element.WRITTEN_LANGUAGE)
        if isinstance(written, Language):
            assert [
                entry["language"]["text"]
                for entry in chart["communication"]
                if "RWR" in language_modes(entry)
            ] == [written.text]
        assert BIRTH_SEX in chart["extension"]
        assert chart["vendorOddity"] == CHART["vendorOddity"]
