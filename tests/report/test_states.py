"""Every patient and element has one state, from the evidence in the order that the report's definition gives."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from intake.report.build import Tally
from intake.report.values import TOTAL, Definition, LocalFact, State
from tests.report.conftest import (
    ABSENT,
    NULL_FLAVOR,
    SNOMED,
    US_CORE,
    Count,
    ExportFolder,
    Resource,
    communication_entry,
    group_extension,
)

REQUIRED = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
NEEDED = US_CORE + "interpreter-needed"


def state(found: Tally, element: str) -> State:
    """The state of the only patient."""
    states = found.rows[-1].elements[element].states
    assert sum(states) == 1
    return State(states.index(1) + 1)


def part(found: Tally, element: str, name: str) -> int:
    return found.rows[-1].elements[element].parts[name]


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
def test_the_chart_alone(
    world: ExportFolder, count: Count, element: str, extension: Resource, expected: State
) -> None:
    world.add_patient("p", extension)
    assert state(count(), element) is expected


@pytest.mark.parametrize(
    ("entries", "spoken_state", "written_state"),
    [
        ([communication_entry("es")], State.SOURCE_UNKNOWN, State.NOT_ASKED),
        ([communication_entry(None, "Mixteco bajo")], State.SOURCE_UNKNOWN, State.NOT_ASKED),
        ([communication_entry("und")], State.UNUSABLE, State.NOT_ASKED),
        (
            [communication_entry("es"), communication_entry("en", ways=("RWR",))],
            State.SOURCE_UNKNOWN,
            State.SOURCE_UNKNOWN,
        ),
        (
            [communication_entry("es", ways=("ESP", "EWR"))],
            State.SOURCE_UNKNOWN,
            State.SOURCE_UNKNOWN,
        ),
        ([communication_entry("en", ways=("RWR",))], State.NOT_ASKED, State.SOURCE_UNKNOWN),
        (
            [communication_entry("und"), communication_entry("es", preferred=True)],
            State.SOURCE_UNKNOWN,
            State.NOT_ASKED,
        ),
        ([], State.NOT_ASKED, State.NOT_ASKED),
    ],
)
def test_languages_of_the_chart(
    world: ExportFolder,
    count: Count,
    entries: list[Resource],
    spoken_state: State,
    written_state: State,
) -> None:
    world.add_patient(communication=entries)
    found = count()
    assert (state(found, "spoken-language"), state(found, "written-language")) == (
        spoken_state,
        written_state,
    )


def test_the_records_own_default_language_tells_nothing(world: ExportFolder, count: Count) -> None:
    world.add_patient(communication=[communication_entry("en")])
    assert (
        state(count(definition=Definition(default_language="en")), "spoken-language")
        is State.UNUSABLE
    )


def test_the_default_language_that_a_person_told_stands(world: ExportFolder, count: Count) -> None:
    world.add_patient()
    world.add_observation("spoken-language", "en")
    assert (
        state(count(definition=Definition(default_language="en")), "spoken-language") is State.SELF
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
    world: ExportFolder, count: Count, element: str, absent: str | None, expected: State
) -> None:
    codes = {
        "race": "2028-9",
        "ethnicity": "2135-2",
        "spoken-language": "vi",
        "interpreter": "373066001",
    }
    world.add_patient()
    world.add_observation(element, *([codes[element]] if absent is None else []), absent=absent)
    assert state(count(), element) is expected


@pytest.mark.parametrize(
    ("method", "more", "expected"),
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
def test_who_an_observation_comes_from(
    world: ExportFolder, count: Count, method: str | None, more: dict[str, Any], expected: State
) -> None:
    world.add_patient()
    world.add_observation("race", "2028-9", method=method, **more)
    assert state(count(), "race") is expected


def test_provenance_tells_who_where_the_observation_does_not(
    world: ExportFolder, count: Count
) -> None:
    world.add_patient()
    world.add_observation("spoken-language", "vi", method=None, id="obs")
    world.resources.append(provenance({"reference": "Observation/obs"}, "RelatedPerson/1"))
    assert state(count(), "spoken-language") is State.PROXY


@pytest.mark.parametrize("identity", ["written-language", "written-language-2"])
def test_provenance_tells_who_gave_the_written_language(
    world: ExportFolder, count: Count, identity: str
) -> None:
    world.add_patient(communication=[communication_entry("zh", "简体中文", ways=("RWR",))])
    target = {
        "reference": "Patient/p",
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/targetElement", "valueUri": identity}
        ],
    }
    world.resources.append(provenance(target, "Patient/p"))
    assert state(count(), "written-language") is State.SELF


def provenance(target: Resource, who: str) -> Resource:
    return {
        "resourceType": "Provenance",
        "id": "v",
        "recorded": "2026-08-04T13:11:00Z",
        "target": [target],
        "agent": [{"type": {"coding": [{"code": "author"}]}, "who": {"reference": who}}],
    }


def test_a_later_decline_does_not_undo_an_answer(world: ExportFolder, count: Count) -> None:
    world.add_patient()
    world.add_observation("race", "2028-9", at="2026-02-01T10:00:00Z")
    world.add_observation("race", absent="asked-declined", at="2026-08-01T10:00:00Z")
    found = count()
    assert state(found, "race") is State.SELF
    assert part(found, "race", "declined-later") == 1


def test_a_decline_does_not_undo_what_the_chart_holds(world: ExportFolder, count: Count) -> None:
    world.add_patient("p", group_extension("race", "2106-3", text="White"))
    world.add_observation("race", absent="asked-declined")
    found = count()
    assert state(found, "race") is State.SOURCE_UNKNOWN
    assert part(found, "race", "declined-later") == 1


def test_a_decline_before_the_answer_is_over(world: ExportFolder, count: Count) -> None:
    world.add_patient()
    world.add_observation("race", absent="asked-declined", at="2026-02-01T10:00:00Z")
    world.add_observation("race", "2028-9", at="2026-08-01T10:00:00Z")
    found = count()
    assert state(found, "race") is State.SELF
    assert part(found, "race", "declined-later") == 0


def test_the_newest_of_several_counts(world: ExportFolder, count: Count) -> None:
    world.add_patient()
    world.add_observation(
        "race", "2028-9", at="2026-08-01T10:00:00Z", method="reported-by-related-person"
    )
    world.add_observation("race", "2106-3", at="2026-02-01T10:00:00Z")
    world.add_observation("ethnicity", absent="asked-unknown", at="2026-02-01T10:00:00Z")
    world.add_observation("ethnicity", absent="asked-declined", at="2026-08-01T10:00:00Z")
    found = count()
    assert (state(found, "race"), state(found, "ethnicity")) == (State.PROXY, State.DECLINED)


def test_an_answer_goes_before_the_chart(world: ExportFolder, count: Count) -> None:
    world.add_patient("p", group_extension("race", "2106-3", text="White"))
    world.add_observation("race", "2106-3")
    assert state(count(), "race") is State.SELF


@pytest.mark.parametrize(("told", "expected"), [("Does not know", 0), ("Asked but no answer", 1)])
def test_asked_for_a_reason_that_is_not_known(
    world: ExportFolder, count: Count, told: str, expected: int
) -> None:
    world.add_patient("p", group_extension("race", "ASKU", system=NULL_FLAVOR, text=told))
    assert part(count(), "race", "reason-unknown") == expected


def test_a_hispanic_answer_alone_is_whole_and_counted_apart(
    world: ExportFolder, count: Count
) -> None:
    world.add_patient()
    world.add_observation("ethnicity", "2135-2", "2148-5")
    found = count()
    assert state(found, "race") is State.SELF
    assert part(found, "race", "hispanic-only") == 1
    assert part(found, "ethnicity", "detailed") == 1


@pytest.mark.parametrize("told", ["not-hispanic", "chart", "race-declined"])
def test_what_is_not_a_hispanic_answer_alone(world: ExportFolder, count: Count, told: str) -> None:
    world.add_patient(
        "p", *([group_extension("ethnicity", "2135-2", text="Hispanic")] if told == "chart" else [])
    )
    if told != "chart":
        world.add_observation("ethnicity", "2186-5" if told == "not-hispanic" else "2135-2")
    if told == "race-declined":
        world.add_observation("race", absent="asked-declined")
    found = count()
    assert state(found, "race") is (State.DECLINED if told == "race-declined" else State.NOT_ASKED)
    assert part(found, "race", "hispanic-only") == 0


def test_detail_and_age(world: ExportFolder, count: Count) -> None:
    world.add_patient()
    world.add_observation("race", "2028-9", "2034-7", at="2025-11-22T10:00:00Z")
    world.add_observation("ethnicity", "2135-2", at="2025-11-23T10:00:00Z")
    found = count()
    assert (part(found, "race", "detailed"), part(found, "ethnicity", "detailed")) == (1, 0)
    assert (part(found, "race", "stale"), part(found, "race", "current")) == (1, 0)
    assert (part(found, "ethnicity", "stale"), part(found, "ethnicity", "current")) == (0, 1)


def test_our_store_comes_after_observations_and_before_the_chart(
    world: ExportFolder, count: Count
) -> None:
    world.add_patient("p", group_extension("race", "2106-3", text="White"))
    world.add_observation("ethnicity", "2186-5", method="reported-by-related-person")
    at = datetime(2026, 8, 5, tzinfo=UTC)
    captured = (
        LocalFact("Patient/p", "race", State.SELF, at, verified=True),
        LocalFact("Patient/p", "ethnicity", State.SELF, at, verified=False),
        LocalFact("Patient/p", "interpreter", State.DECLINED, at, verified=True),
    )
    found = count(captured=captured)
    states = [state(found, element) for element in ("race", "ethnicity", "interpreter")]
    assert states == [State.SELF, State.PROXY, State.DECLINED]
    assert [
        part(found, element, "verified") for element in ("race", "ethnicity", "interpreter")
    ] == [1, 0, 1]


def test_a_hispanic_answer_in_our_store_answers_the_combined_question_whole(
    world: ExportFolder, count: Count
) -> None:
    at = datetime(2026, 8, 5, tzinfo=UTC)
    for key in ("hispanic", "not"):
        world.add_patient(key)
    told = LocalFact("Patient/not", "ethnicity", State.SELF, at, verified=False)
    found = count(captured=(told, replace(told, patient="Patient/hispanic", hispanic=True)))
    assert found.rows[-1].elements["race"].states == (1, 0, 0, 0, 0, 1, 0)
    assert part(found, "race", "hispanic-only") == 1


def test_together(world: ExportFolder, count: Count) -> None:
    for key, language in (("en", "en-US"), ("es", "es"), ("vi", "vi")):
        world.add_patient(key)
        world.add_observation("race", "2028-9", patient=key)
        world.add_observation("ethnicity", "2186-5", patient=key)
        world.add_observation("spoken-language", language, patient=key)
    world.add_observation("interpreter", "373066001", patient="vi")
    world.add_patient("half", group_extension("race", "2106-3", text="White"))
    row = count().rows[-1]
    assert (row.key, row.people) == (TOTAL, 4)
    assert row.together == {"known": 3, "direct": 3, "known-with-interpreter": 2}
