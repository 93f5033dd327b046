"""The report reads a chart's codes in every spelling that the merge knows, and in no other."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from fhir_client.spellings import SHORTEST_CODES
from fhir_client.uscore.code_systems import canonical_system, canonical_tag
from fhir_client.uscore.statement import BCP47, CDCREC
from fhir_client.uscore.versions import DATA_ABSENT_REASON, NULL_FLAVOR
from intake.report.loader import SYSTEMS, open_engine
from intake.report.values import Definition, State
from tests.support.report_export import (
    SNOMED,
    US_CORE,
    CountExport,
    ExportFolder,
    communication_entry,
    read_state,
)

READABLE = {CDCREC, BCP47, NULL_FLAVOR, DATA_ABSENT_REASON, SNOMED}
# As a chart may write a system: with a scheme or without, with a version, a slash or capitals.
FORMS = ("{}", "http://{}", "https://{}/", "urn:oid:{}", "urn:{}", "http://{}|1.0", "http://{}#")
RACE_SYSTEMS = ("http://hl7.org/fhir/v3/Race", "2.16.840.1.113883.6.238", "cdcrec")
TAGS = [*SHORTEST_CODES, "ENG", "en_us", "zho-hant", "es-419", "cmn", " SPA ", "quc", "e"]


@pytest.mark.parametrize("form", FORMS)
def test_a_system_is_read_exactly_where_the_merge_knows_it(form: str) -> None:
    vendors = ("vendor.example/race", "hl7.org/fhir/v3/racex", "2.16.840.1.113883.6.2389")
    systems = [form.format(name) for name in (*SYSTEMS, *vendors, *map(str.upper, SYSTEMS))]
    codings = [{"system": system, "code": "c"} for system in systems]
    with open_engine() as (connection, _):
        keys = connection.execute(
            "SELECT list_transform(from_json($codings, $shape), lambda c: code_key(c))",
            {
                "codings": json.dumps(codings),
                "shape": '[{"system": "VARCHAR", "code": "VARCHAR"}]',
            },
        ).fetchall()[0][0]
    for system, key in zip(systems, keys, strict=True):
        is_readable = canonical_system(system) in READABLE
        assert key == ("c" if is_readable else f"{system}|c"), system


def test_a_language_has_the_same_shortest_code_as_in_the_merge() -> None:
    with open_engine() as (connection, _):
        tags = connection.execute(
            "SELECT list_transform($tags, lambda t: language_tag(t))", {"tags": TAGS}
        ).fetchall()[0][0]
    assert tags == [canonical_tag(tag).casefold() for tag in TAGS]


def race_values(system: str) -> list[Mapping[str, Any]]:
    """Return the places in which charts have a race, in US Core's and in other shapes."""
    coding = {"system": system, "code": "2106-3"}
    values = ({"valueCoding": coding}, {"valueCodeableConcept": {"coding": [coding]}})
    nested = [{"extension": [{"url": "ombCategory", **value}]} for value in values]
    return [*values, *nested]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("system", RACE_SYSTEMS)
def test_a_race_in_another_shape_is_an_answer(
    export_folder: ExportFolder, count_export: CountExport, system: str, place: int
) -> None:
    extension = {"url": f"{US_CORE}race", **race_values(system)[place]}
    export_folder.add_patient("p", extension)
    assert read_state(count_export(), "race") is State.SOURCE_UNKNOWN


@pytest.mark.parametrize(("text", "state"), [("Gullah", 3), ("Unknown", 6)])
def test_a_concepts_text_alone_is_read_as_any_other_text(
    export_folder: ExportFolder, count_export: CountExport, text: str, state: int
) -> None:
    value = {"valueCodeableConcept": {"text": text}}
    export_folder.add_patient("p", {"url": f"{US_CORE}race", **value})
    assert read_state(count_export(), "race") is State(state)


@pytest.mark.parametrize("code", ["eng", "ENG", "en", "en_US"])
def test_english_in_any_spelling_is_english(
    export_folder: ExportFolder, count_export: CountExport, code: str
) -> None:
    export_folder.add_patient(communication=[communication_entry(code, preferred=True)])
    definition = Definition(default_language="en-US" if code == "en_US" else "en")
    tally = count_export(definition=definition)
    # The EHR's default language alone is nobody's answer.
    assert read_state(tally, "spoken-language") is State.UNUSABLE
    assert read_state(count_export(), "spoken-language") is State.SOURCE_UNKNOWN


@pytest.mark.parametrize(("code", "complete"), [("eng", 1), ("en_GB", 1), ("enm", 0), ("spa", 0)])
def test_english_in_any_spelling_needs_no_answer_about_an_interpreter(
    export_folder: ExportFolder, count_export: CountExport, code: str, complete: int
) -> None:
    export_folder.add_patient()
    export_folder.add_observation("race", "2028-9")
    export_folder.add_observation("ethnicity", "2186-5")
    export_folder.add_observation("spoken-language", code)
    together = count_export().rows[-1].together
    assert (together["known"], together["known-with-interpreter"]) == (1, complete)


def test_an_interpreter_by_the_oid_of_snomed_is_an_answer(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    coding = {"system": "urn:oid:2.16.840.1.113883.6.96", "code": "373066001"}
    export_folder.add_patient("p", {"url": f"{US_CORE}interpreter-needed", "valueCoding": coding})
    assert read_state(count_export(), "interpreter") is State.SOURCE_UNKNOWN
