"""A chart's text that only says that no answer is known is no answer."""

import pytest

from intake.report.values import State
from tests.support.report_export import (
    SNOMED,
    US_CORE,
    CountExport,
    ExportFolder,
    build_coding,
    communication_entry,
    group_extension,
    read_state,
)

HL7 = "http://hl7.org/fhir/StructureDefinition/"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Unknown", State.NOT_ASKED),
        (" UNKNOWN. ", State.NOT_ASKED),
        ("Not asked", State.NOT_ASKED),
        ("Patient declined", State.DECLINED),
        ("patient  refused", State.DECLINED),
        ("Does not know", State.DONT_KNOW),
        ("N/A", State.UNUSABLE),
        ("Other", State.UNUSABLE),
        ("\u200b", State.UNUSABLE),
        ("\u3164", State.UNUSABLE),
        ("Na", State.SOURCE_UNKNOWN),
        ("Gullah", State.SOURCE_UNKNOWN),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("element", ["race", "ethnicity"])
def test_a_chart_text_is_evidence_only_if_it_says_something(
    export_folder: ExportFolder,
    count_export: CountExport,
    element: str,
    text: str,
    expected: State,
) -> None:
    export_folder.add_patient("p", group_extension(element, text=text))
    assert read_state(count_export(), element) is expected


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        (("Unknown", "Gullah"), State.SOURCE_UNKNOWN),
        (("Gullah", "Unknown"), State.SOURCE_UNKNOWN),
        (("Unknown", "Declined"), State.DECLINED),
        (("Unknown", "Unknown"), State.NOT_ASKED),
    ],
)
def test_every_race_extension_of_the_chart_counts(
    export_folder: ExportFolder,
    count_export: CountExport,
    extensions: tuple[str, ...],
    expected: State,
) -> None:
    export_folder.add_patient("p", *(group_extension("race", text=text) for text in extensions))
    assert read_state(count_export(), "race") is expected


def test_a_code_in_the_second_race_extension_counts(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient(
        "p", group_extension("race", text="Unknown"), group_extension("race", "2106-3")
    )
    assert read_state(count_export(), "race") is State.SOURCE_UNKNOWN


@pytest.mark.parametrize("words", ["Unknown", "N/A", "None"])
def test_a_persons_own_words_stay_an_answer(
    export_folder: ExportFolder, count_export: CountExport, words: str
) -> None:
    export_folder.add_patient("p", group_extension("race", text=words))
    export_folder.add_observation("race", component=[{"valueString": words}])
    assert read_state(count_export(), "race") is State.SELF


@pytest.mark.parametrize(
    ("text", "expected"), [("Unknown", State.NOT_ASKED), ("Declined", State.DECLINED)]
)
def test_a_language_that_only_says_unknown_is_none(
    export_folder: ExportFolder, count_export: CountExport, text: str, expected: State
) -> None:
    export_folder.add_patient(communication=[communication_entry(None, text)])
    assert read_state(count_export(), "spoken-language") is expected


def test_each_placeholder_is_listed_with_its_count(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    for number, text in enumerate(["Unknown", " unknown.", "N/A", "\u200b", "\u3164", "Gullah"]):
        export_folder.add_patient(f"p{number}", group_extension("race", text=text))
    export_folder.add_patient(
        "two", group_extension("ethnicity", text="N/A"), group_extension("ethnicity", text="n/a")
    )
    placeholders = count_export().placeholders
    assert [(item.element, item.text, item.kind, item.count) for item in placeholders] == [
        ("race", "", "invisible", 2),
        ("race", "unknown", "not-asked", 2),
        ("race", "n/a", "unusable", 1),
        ("ethnicity", "n/a", "unusable", 2),
    ]


@pytest.mark.parametrize("url", ["interpreter-needed", "patient-interpreterRequired"])
def test_every_interpreter_extension_counts(
    export_folder: ExportFolder, count_export: CountExport, url: str
) -> None:
    full = (US_CORE if url == "interpreter-needed" else HL7) + url
    value = (
        {"valueCoding": {"system": SNOMED, "code": "373066001"}}
        if url == "interpreter-needed"
        else {"valueBoolean": True}
    )
    export_folder.add_patient("p", {"url": full}, {"url": full, **value})
    assert read_state(count_export(), "interpreter") is State.SOURCE_UNKNOWN


def test_every_target_element_of_a_provenance_counts(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    written = communication_entry("es", modes=("RWR",))
    export_folder.add_patient("p", communication=[written])
    elements = [
        {"url": f"{HL7}targetElement", "valueUri": uri}
        for uri in ("interpreter-needed", "written-language")
    ]
    export_folder.resources.append(
        {
            "resourceType": "Provenance",
            "id": "v",
            "recorded": "2026-08-04T09:10:00Z",
            "target": [{"reference": "Patient/p", "extension": elements}],
            "agent": [
                {
                    "type": build_coding("author", "urn:participant"),
                    "who": {"reference": "Patient/p"},
                }
            ],
        }
    )
    assert read_state(count_export(), "written-language") is State.SELF
