"""A chart's text that only says that no answer is known is no answer."""

import pytest

from intake.report.values import State
from tests.support.report_export import (
    CountExport,
    ExportFolder,
    communication_entry,
    group_extension,
    read_state,
)


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
