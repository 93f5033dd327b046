"""The strongest and newest evidence gives the state, and its details are counted."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from intake.report.values import TOTAL, LocalFact, State
from tests.support.report_export import (
    NULL_FLAVOR,
    CountExport,
    ExportFolder,
    group_extension,
    read_part,
    read_state,
)


def test_a_later_decline_does_not_undo_an_answer(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient()
    export_folder.add_observation("race", "2028-9", at="2026-02-01T10:00:00Z")
    export_folder.add_observation("race", absent="asked-declined", at="2026-08-01T10:00:00Z")
    tally = count_export()
    assert read_state(tally, "race") is State.SELF
    assert read_part(tally, "race", "declined-later") == 1


def test_a_decline_does_not_undo_what_the_chart_holds(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient("p", group_extension("race", "2106-3", text="White"))
    export_folder.add_observation("race", absent="asked-declined")
    tally = count_export()
    assert read_state(tally, "race") is State.SOURCE_UNKNOWN
    assert read_part(tally, "race", "declined-later") == 1


def test_a_decline_before_an_answer_does_not_count(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient()
    export_folder.add_observation("race", absent="asked-declined", at="2026-02-01T10:00:00Z")
    export_folder.add_observation("race", "2028-9", at="2026-08-01T10:00:00Z")
    tally = count_export()
    assert read_state(tally, "race") is State.SELF
    assert read_part(tally, "race", "declined-later") == 0


def test_the_newest_of_several_counts(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient()
    export_folder.add_observation(
        "race", "2028-9", at="2026-08-01T10:00:00Z", method="reported-by-related-person"
    )
    export_folder.add_observation("race", "2106-3", at="2026-02-01T10:00:00Z")
    export_folder.add_observation("ethnicity", absent="asked-unknown", at="2026-02-01T10:00:00Z")
    export_folder.add_observation("ethnicity", absent="asked-declined", at="2026-08-01T10:00:00Z")
    tally = count_export()
    assert (read_state(tally, "race"), read_state(tally, "ethnicity")) == (
        State.PROXY,
        State.DECLINED,
    )


def test_an_answer_comes_before_the_chart(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient("p", group_extension("race", "2106-3", text="White"))
    export_folder.add_observation("race", "2106-3")
    assert read_state(count_export(), "race") is State.SELF


@pytest.mark.parametrize(("answer", "expected"), [("Does not know", 0), ("Asked but no answer", 1)])
def test_an_unknown_reason_is_counted_apart(
    export_folder: ExportFolder, count_export: CountExport, answer: str, expected: int
) -> None:
    export_folder.add_patient("p", group_extension("race", "ASKU", system=NULL_FLAVOR, text=answer))
    assert read_part(count_export(), "race", "reason-unknown") == expected


def test_a_hispanic_answer_alone_is_whole_and_counted_apart(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient()
    export_folder.add_observation("ethnicity", "2135-2", "2148-5")
    tally = count_export()
    assert read_state(tally, "race") is State.SELF
    assert read_part(tally, "race", "hispanic-only") == 1
    assert read_part(tally, "ethnicity", "detailed") == 1


@pytest.mark.parametrize("answer", ["not-hispanic", "chart", "race-declined"])
def test_what_is_not_a_hispanic_answer_alone(
    export_folder: ExportFolder, count_export: CountExport, answer: str
) -> None:
    export_folder.add_patient(
        "p",
        *([group_extension("ethnicity", "2135-2", text="Hispanic")] if answer == "chart" else []),
    )
    if answer != "chart":
        export_folder.add_observation(
            "ethnicity", "2186-5" if answer == "not-hispanic" else "2135-2"
        )
    if answer == "race-declined":
        export_folder.add_observation("race", absent="asked-declined")
    tally = count_export()
    assert read_state(tally, "race") is (
        State.DECLINED if answer == "race-declined" else State.NOT_ASKED
    )
    assert read_part(tally, "race", "hispanic-only") == 0


def test_detailed_and_stale_answers_are_counted(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient()
    export_folder.add_observation("race", "2028-9", "2034-7", at="2025-11-22T10:00:00Z")
    export_folder.add_observation("ethnicity", "2135-2", at="2025-11-23T10:00:00Z")
    tally = count_export()
    assert (read_part(tally, "race", "detailed"), read_part(tally, "ethnicity", "detailed")) == (
        1,
        0,
    )
    assert (read_part(tally, "race", "stale"), read_part(tally, "race", "current")) == (1, 0)
    assert (read_part(tally, "ethnicity", "stale"), read_part(tally, "ethnicity", "current")) == (
        0,
        1,
    )


def test_our_store_comes_after_observations_and_before_the_chart(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient("p", group_extension("race", "2106-3", text="White"))
    export_folder.add_observation("ethnicity", "2186-5", method="reported-by-related-person")
    at = datetime(2026, 8, 5, tzinfo=UTC)
    local_facts = (
        LocalFact("Patient/p", "race", State.SELF, at, verified=True),
        LocalFact("Patient/p", "ethnicity", State.SELF, at, verified=False),
        LocalFact("Patient/p", "interpreter", State.DECLINED, at, verified=True),
    )
    tally = count_export(local_facts=local_facts)
    states = [read_state(tally, element) for element in ("race", "ethnicity", "interpreter")]
    assert states == [State.SELF, State.PROXY, State.DECLINED]
    assert [
        read_part(tally, element, "verified") for element in ("race", "ethnicity", "interpreter")
    ] == [1, 0, 1]


def test_a_hispanic_answer_in_our_store_answers_the_combined_question_whole(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    at = datetime(2026, 8, 5, tzinfo=UTC)
    for key in ("hispanic", "not"):
        export_folder.add_patient(key)
    answer = LocalFact("Patient/not", "ethnicity", State.SELF, at, verified=False)
    tally = count_export(
        local_facts=(answer, replace(answer, patient="Patient/hispanic", hispanic=True))
    )
    assert tally.rows[-1].elements["race"].states == (1, 0, 0, 0, 0, 1, 0)
    assert read_part(tally, "race", "hispanic-only") == 1


def test_patients_with_all_elements_known_are_counted(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    for key, language in (("en", "en-US"), ("es", "es"), ("vi", "vi")):
        export_folder.add_patient(key)
        export_folder.add_observation("race", "2028-9", patient=key)
        export_folder.add_observation("ethnicity", "2186-5", patient=key)
        export_folder.add_observation("spoken-language", language, patient=key)
    export_folder.add_observation("interpreter", "373066001", patient="vi")
    export_folder.add_patient("half", group_extension("race", "2106-3", text="White"))
    row = count_export().rows[-1]
    assert (row.key, row.people) == (TOTAL, 4)
    assert row.together == {"known": 3, "direct": 3, "known-with-interpreter": 2}
