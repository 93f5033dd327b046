"""Each patient has one state per element, from the strongest evidence."""

from typing import Any

import pytest

from intake.report.values import Definition, State
from tests.support.report_export import (
    ABSENT,
    NULL_FLAVOR,
    SNOMED,
    US_CORE,
    CountExport,
    ExportFolder,
    Resource,
    communication_entry,
    group_extension,
    read_state,
)

REQUIRED = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
NEEDED = US_CORE + "interpreter-needed"


@pytest.mark.parametrize(
    ("element", "extension", "expected"),
    [
        ("race", group_extension("race", "2106-3", text="White"), State.SOURCE_UNKNOWN),
        (
            "race",
            group_extension("race", detailed=("2118-8",), text="Middle Eastern"),
            State.SOURCE_UNKNOWN,
        ),
        ("race", group_extension("race", text="Garifuna"), State.SOURCE_UNKNOWN),
        ("race", group_extension("race", "2131-1", text="Garifuna"), State.SOURCE_UNKNOWN),
        ("race", group_extension("race", "2131-1", text="Other Race"), State.UNUSABLE),
        ("race", group_extension("race", "2131-1"), State.UNUSABLE),
        ("race", group_extension("race", "9999-9", text="?"), State.UNUSABLE),
        (
            "race",
            group_extension("race", "W", system="urn:oid:1.2.3", text="White"),
            State.UNUSABLE,
        ),
        ("race", group_extension("race", "2135-2", text="Hispanic"), State.UNUSABLE),
        (
            "race",
            group_extension("race", "asked-declined", system=ABSENT, text="Declined to answer"),
            State.DECLINED,
        ),
        (
            "race",
            group_extension("race", "ASKU", system=NULL_FLAVOR, text="Declined to answer"),
            State.DECLINED,
        ),
        (
            "race",
            group_extension("race", "ASKU", system=NULL_FLAVOR, text="Does not know"),
            State.DONT_KNOW,
        ),
        (
            "race",
            group_extension("race", "ASKU", system=NULL_FLAVOR, text="Asked but no answer"),
            State.DONT_KNOW,
        ),
        (
            "race",
            group_extension("race", "UNK", system=NULL_FLAVOR, text="Unknown"),
            State.NOT_ASKED,
        ),
        (
            "race",
            group_extension("race", "ASKU", system=NULL_FLAVOR, text="Patient Declined"),
            State.DECLINED,
        ),
        ("race", group_extension("race", text=" "), State.NOT_ASKED),
        (
            "race",
            {"url": US_CORE + "race", "valueCoding": {"code": "2106-3"}},
            State.SOURCE_UNKNOWN,
        ),
        (
            "ethnicity",
            group_extension("ethnicity", "2186-5", text="Not Hispanic"),
            State.SOURCE_UNKNOWN,
        ),
        ("ethnicity", group_extension("ethnicity", text="Declined to answer"), State.DECLINED),
        ("ethnicity", group_extension("ethnicity", text="Does not know"), State.DONT_KNOW),
        ("ethnicity", group_extension("race", "2135-2", text="Hispanic"), State.NOT_ASKED),
        ("interpreter", {"url": REQUIRED, "valueBoolean": False}, State.SOURCE_UNKNOWN),
        (
            "interpreter",
            {"url": NEEDED, "valueCoding": {"system": SNOMED, "code": "373066001"}},
            State.SOURCE_UNKNOWN,
        ),
        (
            "interpreter",
            {"url": NEEDED, "valueCoding": {"system": ABSENT, "code": "asked-unknown"}},
            State.DONT_KNOW,
        ),
        (
            "interpreter",
            {"url": NEEDED, "valueCoding": {"system": SNOMED, "code": "1"}},
            State.UNUSABLE,
        ),
    ],
)
def test_the_chart_alone_gives_a_state(
    export_folder: ExportFolder,
    count_export: CountExport,
    element: str,
    extension: Resource,
    expected: State,
) -> None:
    export_folder.add_patient("p", extension)
    assert read_state(count_export(), element) is expected


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        ("http://hl7.org/fhir/v3/Race", "2106-3", State.SOURCE_UNKNOWN),
        ("2.16.840.1.113883.6.238", "2106-3", State.SOURCE_UNKNOWN),
        ("https://terminology.hl7.org/CodeSystem/v3-Race|2.1.0", "2106-3", State.SOURCE_UNKNOWN),
        ("http://hl7.org/fhir/v3/NullFlavor", "ASKU", State.DECLINED),
        ("http://hl7.org/fhir/data-absent-reason/", "asked-declined", State.DECLINED),
    ],
)
def test_a_system_in_another_spelling_is_the_same_system(
    export_folder: ExportFolder,
    count_export: CountExport,
    system: str,
    code: str,
    expected: State,
) -> None:
    extension = group_extension("race", code, system=system, text="Declined to answer")
    export_folder.add_patient("p", extension)
    assert read_state(count_export(), "race") is expected


@pytest.mark.parametrize("system", ["http://id.loc.gov/vocabulary/iso639-1", "URN:IETF:BCP:47"])
def test_a_language_system_in_another_spelling_is_the_same_system(
    export_folder: ExportFolder, count_export: CountExport, system: str
) -> None:
    entry = {"language": {"coding": [{"system": system, "code": "vi"}]}}
    export_folder.add_patient(communication=[entry])
    assert read_state(count_export(), "spoken-language") is State.SOURCE_UNKNOWN


@pytest.mark.parametrize(
    ("entries", "spoken_state", "written_state"),
    [
        ([communication_entry("es")], State.SOURCE_UNKNOWN, State.NOT_ASKED),
        ([communication_entry(None, "Mixteco bajo")], State.SOURCE_UNKNOWN, State.NOT_ASKED),
        ([communication_entry("und")], State.UNUSABLE, State.NOT_ASKED),
        (
            [communication_entry("es"), communication_entry("en", modes=("RWR",))],
            State.SOURCE_UNKNOWN,
            State.SOURCE_UNKNOWN,
        ),
        (
            [communication_entry("es", modes=("ESP", "EWR"))],
            State.SOURCE_UNKNOWN,
            State.SOURCE_UNKNOWN,
        ),
        ([communication_entry("en", modes=("RWR",))], State.NOT_ASKED, State.SOURCE_UNKNOWN),
        (
            [communication_entry("und"), communication_entry("es", preferred=True)],
            State.SOURCE_UNKNOWN,
            State.NOT_ASKED,
        ),
        ([], State.NOT_ASKED, State.NOT_ASKED),
    ],
)
def test_languages_of_the_chart(
    export_folder: ExportFolder,
    count_export: CountExport,
    entries: list[Resource],
    spoken_state: State,
    written_state: State,
) -> None:
    export_folder.add_patient(communication=entries)
    tally = count_export()
    assert (read_state(tally, "spoken-language"), read_state(tally, "written-language")) == (
        spoken_state,
        written_state,
    )


def test_the_ehrs_default_language_is_not_an_answer(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient(communication=[communication_entry("en")])
    assert (
        read_state(count_export(definition=Definition(default_language="en")), "spoken-language")
        is State.UNUSABLE
    )


def test_a_default_language_that_a_person_answered_counts(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient()
    export_folder.add_observation("spoken-language", "en")
    assert (
        read_state(count_export(definition=Definition(default_language="en")), "spoken-language")
        is State.SELF
    )


@pytest.mark.parametrize("element", ["race", "ethnicity", "spoken-language", "interpreter"])
@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        (None, State.SELF),
        ("asked-declined", State.DECLINED),
        ("asked-unknown", State.DONT_KNOW),
        ("unknown", State.DONT_KNOW),
        ("masked", State.UNUSABLE),
        ("not-asked", State.NOT_ASKED),
        ("temp-unknown", State.NOT_ASKED),
    ],
)
def test_self_reported_observations(
    export_folder: ExportFolder,
    count_export: CountExport,
    element: str,
    absent: str | None,
    expected: State,
) -> None:
    codes = {
        "race": "2028-9",
        "ethnicity": "2135-2",
        "spoken-language": "vi",
        "interpreter": "373066001",
    }
    export_folder.add_patient()
    export_folder.add_observation(
        element, *([codes[element]] if absent is None else []), absent=absent
    )
    assert read_state(count_export(), element) is expected


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        ("reported-by-related-person", {}, State.PROXY),
        ("observed", {}, State.SOURCE_UNKNOWN),
        (None, {}, State.SOURCE_UNKNOWN),
        (None, {"performer": [{"reference": "Patient/p"}]}, State.SELF),
        (
            None,
            {"performer": [{"type": "RelatedPerson", "display": "Parent or guardian"}]},
            State.PROXY,
        ),
        (
            None,
            {"performer": [{"reference": "https://ehr.example/fhir/RelatedPerson/9"}]},
            State.PROXY,
        ),
        ("self-reported", {"status": "entered-in-error"}, State.NOT_ASKED),
        ("self-reported", {"status": "corrected"}, State.SELF),
    ],
)
def test_the_observation_names_the_person_who_answered(
    export_folder: ExportFolder,
    count_export: CountExport,
    method: str | None,
    fields: dict[str, Any],
    expected: State,
) -> None:
    export_folder.add_patient()
    export_folder.add_observation("race", "2028-9", method=method, **fields)
    assert read_state(count_export(), "race") is expected
