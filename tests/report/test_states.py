"""Each patient has one state per element, from the strongest evidence."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from intake.report.build import Tally
from intake.report.values import TOTAL, Definition, LocalFact, State
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
)

REQUIRED = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
NEEDED = US_CORE + "interpreter-needed"


def read_state(tally: Tally, element: str) -> State:
    """Return the state of the only patient."""
    states = tally.rows[-1].elements[element].states
    assert sum(states) == 1
    return State(states.index(1) + 1)


def read_part(tally: Tally, element: str, name: str) -> int:
    return tally.rows[-1].elements[element].parts[name]


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
            State.DONT_KNOW,
        ),
        ("race", group_extension("race", text=" "), State.NOT_ASKED),
        ("race", {"url": US_CORE + "race", "valueCoding": {"code": "2106-3"}}, State.NOT_ASKED),
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


def test_provenance_names_the_person_if_the_observation_does_not(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient()
    export_folder.add_observation("spoken-language", "vi", method=None, id="obs")
    export_folder.resources.append(
        build_provenance({"reference": "Observation/obs"}, "RelatedPerson/1")
    )
    assert read_state(count_export(), "spoken-language") is State.PROXY


@pytest.mark.parametrize("identity", ["written-language", "written-language-2"])
def test_provenance_names_the_person_who_gave_the_written_language(
    export_folder: ExportFolder, count_export: CountExport, identity: str
) -> None:
    export_folder.add_patient(communication=[communication_entry("zh", "简体中文", modes=("RWR",))])
    target = {
        "reference": "Patient/p",
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/targetElement", "valueUri": identity}
        ],
    }
    export_folder.resources.append(build_provenance(target, "Patient/p"))
    assert read_state(count_export(), "written-language") is State.SELF


def build_provenance(target: Resource, who: str) -> Resource:
    return {
        "resourceType": "Provenance",
        "id": "v",
        "recorded": "2026-08-04T13:11:00Z",
        "target": [target],
        "agent": [{"type": {"coding": [{"code": "author"}]}, "who": {"reference": who}}],
    }


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
