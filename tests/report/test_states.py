"""Every patient and element has one state, from the evidence in the order that the report's definition gives."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from intake.report.making import Tally
from intake.report.values import TOTAL, Captured, Definition, State

from .conftest import ABSENT, NULL_FLAVOR, SNOMED, US_CORE, Count, Resource, World, group, spoken

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
        ("race", group("race", "2106-3", text="White"), State.SOURCE_UNKNOWN),
        ("race", group("race", detailed=("2118-8",), text="Middle Eastern"), State.SOURCE_UNKNOWN),
        ("race", group("race", text="Garifuna"), State.SOURCE_UNKNOWN),
        ("race", group("race", "2131-1", text="Garifuna"), State.SOURCE_UNKNOWN),
        ("race", group("race", "2131-1", text="Other Race"), State.UNUSABLE),
        ("race", group("race", "2131-1"), State.UNUSABLE),
        ("race", group("race", "9999-9", text="?"), State.UNUSABLE),
        ("race", group("race", "W", system="urn:oid:1.2.3", text="White"), State.UNUSABLE),
        ("race", group("race", "2135-2", text="Hispanic"), State.UNUSABLE),
        (
            "race",
            group("race", "asked-declined", system=ABSENT, text="Declined to answer"),
            State.DECLINED,
        ),
        (
            "race",
            group("race", "ASKU", system=NULL_FLAVOR, text="Declined to answer"),
            State.DECLINED,
        ),
        ("race", group("race", "ASKU", system=NULL_FLAVOR, text="Does not know"), State.DONT_KNOW),
        (
            "race",
            group("race", "ASKU", system=NULL_FLAVOR, text="Asked but no answer"),
            State.DONT_KNOW,
        ),
        ("race", group("race", "UNK", system=NULL_FLAVOR, text="Unknown"), State.DONT_KNOW),
        ("race", group("race", text=" "), State.NOT_ASKED),
        ("race", {"url": US_CORE + "race", "valueCoding": {"code": "2106-3"}}, State.NOT_ASKED),
        ("ethnicity", group("ethnicity", "2186-5", text="Not Hispanic"), State.SOURCE_UNKNOWN),
        ("ethnicity", group("ethnicity", text="Declined to answer"), State.DECLINED),
        ("ethnicity", group("ethnicity", text="Does not know"), State.DONT_KNOW),
        ("ethnicity", group("race", "2135-2", text="Hispanic"), State.NOT_ASKED),
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
    world: World, count: Count, element: str, extension: Resource, expected: State
) -> None:
    world.patient("p", extension)
    assert state(count(), element) is expected


@pytest.mark.parametrize(
    ("entries", "spoken_state", "written_state"),
    [
        ([spoken("es")], State.SOURCE_UNKNOWN, State.NOT_ASKED),
        ([spoken(None, "Mixteco bajo")], State.SOURCE_UNKNOWN, State.NOT_ASKED),
        ([spoken("und")], State.UNUSABLE, State.NOT_ASKED),
        ([spoken("es"), spoken("en", ways=("RWR",))], State.SOURCE_UNKNOWN, State.SOURCE_UNKNOWN),
        ([spoken("es", ways=("ESP", "EWR"))], State.SOURCE_UNKNOWN, State.SOURCE_UNKNOWN),
        ([spoken("en", ways=("RWR",))], State.NOT_ASKED, State.SOURCE_UNKNOWN),
        ([spoken("und"), spoken("es", preferred=True)], State.SOURCE_UNKNOWN, State.NOT_ASKED),
        ([], State.NOT_ASKED, State.NOT_ASKED),
    ],
)
def test_languages_of_the_chart(
    world: World, count: Count, entries: list[Resource], spoken_state: State, written_state: State
) -> None:
    world.patient(communication=entries)
    found = count()
    assert (state(found, "spoken-language"), state(found, "written-language")) == (
        spoken_state,
        written_state,
    )


def test_the_records_own_default_language_tells_nothing(world: World, count: Count) -> None:
    world.patient(communication=[spoken("en")])
    assert (
        state(count(definition=Definition(default_language="en")), "spoken-language")
        is State.UNUSABLE
    )


def test_the_default_language_that_a_person_told_stands(world: World, count: Count) -> None:
    world.patient()
    world.observation("spoken-language", "en")
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
    world: World, count: Count, element: str, absent: str | None, expected: State
) -> None:
    codes = {
        "race": "2028-9",
        "ethnicity": "2135-2",
        "spoken-language": "vi",
        "interpreter": "373066001",
    }
    world.patient()
    world.observation(element, *([codes[element]] if absent is None else []), absent=absent)
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
    world: World, count: Count, method: str | None, more: dict[str, Any], expected: State
) -> None:
    world.patient()
    world.observation("race", "2028-9", method=method, **more)
    assert state(count(), "race") is expected


def test_provenance_tells_who_where_the_observation_does_not(world: World, count: Count) -> None:
    world.patient()
    world.observation("spoken-language", "vi", method=None, id="obs")
    world.resources.append(provenance({"reference": "Observation/obs"}, "RelatedPerson/1"))
    assert state(count(), "spoken-language") is State.PROXY


@pytest.mark.parametrize("identity", ["written-language", "written-language-2"])
def test_provenance_tells_who_gave_the_written_language(
    world: World, count: Count, identity: str
) -> None:
    world.patient(communication=[spoken("zh", "简体中文", ways=("RWR",))])
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


def test_a_later_decline_does_not_undo_an_answer(world: World, count: Count) -> None:
    world.patient()
    world.observation("race", "2028-9", at="2026-02-01T10:00:00Z")
    world.observation("race", absent="asked-declined", at="2026-08-01T10:00:00Z")
    found = count()
    assert state(found, "race") is State.SELF
    assert part(found, "race", "declined-later") == 1


def test_a_decline_does_not_undo_what_the_chart_holds(world: World, count: Count) -> None:
    world.patient("p", group("race", "2106-3", text="White"))
    world.observation("race", absent="asked-declined")
    found = count()
    assert state(found, "race") is State.SOURCE_UNKNOWN
    assert part(found, "race", "declined-later") == 1


def test_a_decline_before_the_answer_is_over(world: World, count: Count) -> None:
    world.patient()
    world.observation("race", absent="asked-declined", at="2026-02-01T10:00:00Z")
    world.observation("race", "2028-9", at="2026-08-01T10:00:00Z")
    found = count()
    assert state(found, "race") is State.SELF
    assert part(found, "race", "declined-later") == 0


def test_the_newest_of_several_counts(world: World, count: Count) -> None:
    world.patient()
    world.observation(
        "race", "2028-9", at="2026-08-01T10:00:00Z", method="reported-by-related-person"
    )
    world.observation("race", "2106-3", at="2026-02-01T10:00:00Z")
    world.observation("ethnicity", absent="asked-unknown", at="2026-02-01T10:00:00Z")
    world.observation("ethnicity", absent="asked-declined", at="2026-08-01T10:00:00Z")
    found = count()
    assert (state(found, "race"), state(found, "ethnicity")) == (State.PROXY, State.DECLINED)


def test_an_answer_goes_before_the_chart(world: World, count: Count) -> None:
    world.patient("p", group("race", "2106-3", text="White"))
    world.observation("race", "2106-3")
    assert state(count(), "race") is State.SELF


@pytest.mark.parametrize(("told", "expected"), [("Does not know", 0), ("Asked but no answer", 1)])
def test_asked_for_a_reason_that_is_not_known(
    world: World, count: Count, told: str, expected: int
) -> None:
    world.patient("p", group("race", "ASKU", system=NULL_FLAVOR, text=told))
    assert part(count(), "race", "reason-unknown") == expected


def test_a_hispanic_answer_alone_is_whole_and_counted_apart(world: World, count: Count) -> None:
    world.patient()
    world.observation("ethnicity", "2135-2", "2148-5")
    found = count()
    assert state(found, "race") is State.SELF
    assert part(found, "race", "hispanic-only") == 1
    assert part(found, "ethnicity", "detailed") == 1


@pytest.mark.parametrize("told", ["not-hispanic", "chart", "race-declined"])
def test_what_is_not_a_hispanic_answer_alone(world: World, count: Count, told: str) -> None:
    world.patient(
        "p", *([group("ethnicity", "2135-2", text="Hispanic")] if told == "chart" else [])
    )
    if told != "chart":
        world.observation("ethnicity", "2186-5" if told == "not-hispanic" else "2135-2")
    if told == "race-declined":
        world.observation("race", absent="asked-declined")
    found = count()
    assert state(found, "race") is (State.DECLINED if told == "race-declined" else State.NOT_ASKED)
    assert part(found, "race", "hispanic-only") == 0


def test_detail_and_age(world: World, count: Count) -> None:
    world.patient()
    world.observation("race", "2028-9", "2034-7", at="2025-11-22T10:00:00Z")
    world.observation("ethnicity", "2135-2", at="2025-11-23T10:00:00Z")
    found = count()
    assert (part(found, "race", "detailed"), part(found, "ethnicity", "detailed")) == (1, 0)
    assert (part(found, "race", "stale"), part(found, "race", "current")) == (1, 0)
    assert (part(found, "ethnicity", "stale"), part(found, "ethnicity", "current")) == (0, 1)


def test_our_store_comes_after_observations_and_before_the_chart(
    world: World, count: Count
) -> None:
    world.patient("p", group("race", "2106-3", text="White"))
    world.observation("ethnicity", "2186-5", method="reported-by-related-person")
    at = datetime(2026, 8, 5, tzinfo=UTC)
    captured = (
        Captured("Patient/p", "race", State.SELF, at, verified=True),
        Captured("Patient/p", "ethnicity", State.SELF, at, verified=False),
        Captured("Patient/p", "interpreter", State.DECLINED, at, verified=True),
    )
    found = count(captured=captured)
    states = [state(found, element) for element in ("race", "ethnicity", "interpreter")]
    assert states == [State.SELF, State.PROXY, State.DECLINED]
    assert [
        part(found, element, "verified") for element in ("race", "ethnicity", "interpreter")
    ] == [1, 0, 1]


def test_a_hispanic_answer_in_our_store_answers_the_combined_question_whole(
    world: World, count: Count
) -> None:
    at = datetime(2026, 8, 5, tzinfo=UTC)
    for key in ("hispanic", "not"):
        world.patient(key)
    told = Captured("Patient/not", "ethnicity", State.SELF, at, verified=False)
    found = count(captured=(told, replace(told, patient="Patient/hispanic", hispanic=True)))
    assert found.rows[-1].elements["race"].states == (1, 0, 0, 0, 0, 1, 0)
    assert part(found, "race", "hispanic-only") == 1


def test_together(world: World, count: Count) -> None:
    for key, language in (("en", "en-US"), ("es", "es"), ("vi", "vi")):
        world.patient(key)
        world.observation("race", "2028-9", patient=key)
        world.observation("ethnicity", "2186-5", patient=key)
        world.observation("spoken-language", language, patient=key)
    world.observation("interpreter", "373066001", patient="vi")
    world.patient("half", group("race", "2106-3", text="White"))
    row = count().rows[-1]
    assert (row.key, row.people) == (TOTAL, 4)
    assert row.together == {"known": 3, "direct": 3, "known-with-interpreter": 2}
