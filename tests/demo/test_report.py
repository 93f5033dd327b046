"""The report from a live server: right counts, private files, once a night, with local facts."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from intake.answers import Answer, AnswerState, Channel, Informant, Submission
from intake.demo.people import ChartState
from intake.feed.bulk import ExportStoppedError
from intake.feed.export import fetch_export, qualified_clinic_scopes
from intake.feed.export_files import LOCK_FILE, qualify_reference
from intake.feed.live_report import NIGHTLY_PERIOD, is_report_due, make_due_report, resolve_period
from intake.feed.local_facts import read_local_facts
from intake.report.build import ReportRequest, Tally, build_tally
from intake.report.codec import from_json
from intake.report.codes import mapped_codes
from intake.report.values import ElementCounts
from intake.report.values import State as Counted
from intake.settings import Settings
from intake.store import reports
from intake.store.database import Database
from intake.store.outbox.enqueue import store_submission
from tests.demo.conftest import SeededDemo, patients_seen

pytestmark = pytest.mark.server
NEVER = threading.Event()


@pytest.fixture
def export(settings: Settings, world: SeededDemo) -> Iterator[Path]:
    with fetch_export(
        settings, resolve_period(settings, NIGHTLY_PERIOD, world.now), NEVER
    ) as folder:
        yield folder


Count = Callable[[], Tally]


@pytest.fixture
def count(settings: Settings, database: Database, world: SeededDemo) -> Count:
    """Search and count exactly, with what the store knows at the time of the call."""

    def counted() -> Tally:
        period = resolve_period(settings, NIGHTLY_PERIOD, world.now)
        with fetch_export(settings, period, NEVER) as folder:
            asked = ReportRequest(
                period,
                world.now,
                mapped_codes(),
                qualified_clinic_scopes(settings),
                by_organization=False,
            )
            return build_tally(folder, asked, read_local_facts(settings, database))

    return counted


def test_counts_at_each_clinic_the_patients_it_saw(count: Count, world: SeededDemo) -> None:
    expected = patients_seen(world)
    made = count()
    assert {row.key: row.people for row in made.rows if row.key} == {
        place: len(keys) for place, keys in expected.items()
    }
    assert made.rows[-1].people == len(set().union(*expected.values()))
    assert made.broken_lines == 0
    assert made.exclusions["test-patient", "patients"] == 1


def test_counts_every_state_as_the_charts_have_it(count: Count, world: SeededDemo) -> None:
    everybody = set().union(*patients_seen(world).values())
    charts = Counter(person.chart for person in world.contents.people if person.key in everybody)
    states = dict(zip(Counted, count().rows[-1].elements["ethnicity"].states, strict=True))
    assert states == {
        Counted.SELF: charts[ChartState.SELF] + charts[ChartState.DECLINED_SINCE],
        Counted.PROXY: charts[ChartState.PROXY],
        Counted.SOURCE_UNKNOWN: charts[ChartState.ON_FILE],
        Counted.DECLINED: charts[ChartState.DECLINED],
        Counted.DONT_KNOW: charts[ChartState.DONT_KNOW],
        Counted.NOT_ASKED: charts[ChartState.EMPTY],
        Counted.UNUSABLE: charts[ChartState.UNUSABLE],
    }
    assert min(states.values()) > 0


def test_counts_the_written_language_as_self_reported(count: Count, world: SeededDemo) -> None:
    everybody = set().union(*patients_seen(world).values())
    told = (ChartState.SELF, ChartState.DECLINED_SINCE)
    expected = sum(
        person.chart in told for person in world.contents.people if person.key in everybody
    )
    assert count().rows[-1].elements["written-language"].states[Counted.SELF - 1] == expected


def test_keeps_export_files_private_and_without_names(export: Path, world: SeededDemo) -> None:
    files = list(export.iterdir())
    assert {each.name.partition(".")[0] for each in files} >= {
        "Patient",
        "Encounter",
        "Observation",
        "Appointment",
    }
    assert export.stat().st_mode & 0o077 == 0
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in files)
    written = "".join(each.read_text("utf-8") for each in files)
    for person in world.contents.people:
        assert not any(
            told in written
            for told in (person.family, person.phone, person.street, person.birth_date.isoformat())
        )


def test_deletes_the_export_files_after_any_outcome(settings: Settings, world: SeededDemo) -> None:
    period, folder = (
        resolve_period(settings, NIGHTLY_PERIOD, world.now),
        settings.data_dir / "exports",
    )
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(ExportStoppedError), ExitStack() as stack:
        stack.enter_context(fetch_export(settings, period, stopped))
    assert [each.name for each in folder.iterdir()] == [LOCK_FILE]


def test_makes_the_report_at_once_and_then_nightly(settings: Settings, database: Database) -> None:
    noon = datetime(2026, 11, 24, 17, tzinfo=UTC)
    with database.read() as tx:
        assert is_report_due(tx, settings, noon)
    assert make_due_report(settings, database, lambda: datetime.now(UTC), NEVER)
    with database.read() as tx:
        made = reports.latest_made_at(tx, NIGHTLY_PERIOD)
        assert made is not None
        assert not is_report_due(tx, settings, made + timedelta(seconds=1))
        nights = [made + timedelta(hours=hours) for hours in range(1, 49)]
        due = next(moment for moment in nights if is_report_due(tx, settings, moment))
    local = due.astimezone(settings.clinics["alder-creek"].time_zone)
    assert local.hour == 3
    assert due - made <= timedelta(hours=24)


def test_shows_the_stored_report(settings: Settings, database: Database) -> None:
    make_due_report(settings, database, lambda: datetime.now(UTC), NEVER)
    with database.read() as tx:
        snapshot = reports.latest_snapshot(tx, NIGHTLY_PERIOD)
    assert snapshot is not None
    report = from_json(snapshot)
    assert [row.name for row in report.rows] == [
        clinic.name for clinic in settings.clinics.values()
    ] + [""]
    for row in report.rows:
        headline = next(each for each in row.elements if each.element == "race").metrics["direct"]
        assert headline.percent is not None


def test_keeps_the_last_report_after_a_failure_and_logs_it(
    settings: Settings, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    make_due_report(settings, database, lambda: datetime.now(UTC), NEVER)
    with database.read() as tx:
        before = reports.latest_snapshot(tx, NIGHTLY_PERIOD)
    server = replace(settings.servers["demo"], base_url="http://127.0.0.1:9/fhir")
    broken = replace(settings, servers={"demo": server})
    caplog.set_level("WARNING", "intake.worker")
    assert not make_due_report(
        broken, database, lambda: datetime.now(UTC) + timedelta(days=2), NEVER
    )
    with database.read() as tx:
        assert reports.latest_snapshot(tx, NIGHTLY_PERIOD) == before
    said = [each for each in caplog.records if each.name == "intake.worker"]
    assert [(each.message, each.__dict__["reason"]) for each in said] == [
        ("report-failed", "TemporaryError")
    ]


def submission(patient: str, **answers: Answer) -> Submission:
    return Submission(
        id=uuid4(),
        clinic="alder-creek",
        patient=patient,
        answered_at=datetime.now(UTC),
        informant=Informant.SELF,
        channel=Channel.KIOSK,
        question_set="spd15-2024",
        question_set_version="1.0.0",
        locale="en",
        notice="2026-11",
        answers={name.replace("_", "-"): answer for name, answer in answers.items()},
    )


@pytest.mark.parametrize(
    ("answer", "race", "ethnicity"),
    [
        (Answer(AnswerState.DECLINED), Counted.DECLINED, Counted.DECLINED),
        (Answer(AnswerState.UNKNOWN), Counted.DONT_KNOW, Counted.DONT_KNOW),
        (Answer(AnswerState.ANSWERED, ("2028-9",)), Counted.SELF, Counted.NOT_ASKED),
        (Answer(AnswerState.ANSWERED, ("2135-2",)), Counted.SELF, Counted.SELF),
    ],
    ids=["declined", "unknown", "asian", "hispanic only"],
)
def test_counts_answers_that_no_server_has_yet(
    settings: Settings,
    database: Database,
    world: SeededDemo,
    count: Count,
    answer: Answer,
    race: Counted,
    ethnicity: Counted,
) -> None:
    keys = patients_seen(world)["alder-creek"]
    empty = next(
        each
        for each in world.contents.people
        if each.chart is ChartState.EMPTY and each.key in keys
    )
    before = count().rows[-1].elements
    with database.write() as tx:
        store_submission(
            tx, submission(world.contents.patient_reference(empty), race_ethnicity=answer), "demo"
        )
    after = count().rows[-1].elements
    assert moved(before["race"], after["race"]) == moved_to(race)
    assert moved(before["ethnicity"], after["ethnicity"]) == moved_to(ethnicity)
    assert after["race"].parts["verified"] == 0


def moved(before: ElementCounts, after: ElementCounts) -> dict[Counted, int]:
    change = {state: after.states[state - 1] - before.states[state - 1] for state in Counted}
    return {state: by for state, by in change.items() if by}


def moved_to(state: Counted) -> dict[Counted, int]:
    return {} if state is Counted.NOT_ASKED else {Counted.NOT_ASKED: -1, state: 1}


def test_keeps_patients_of_two_servers_with_equal_ids_apart(
    settings: Settings, world: SeededDemo
) -> None:
    """Two clinics use one server under two names, so every id exists twice."""
    servers = {name: replace(settings.servers["demo"], id=name) for name in ("east", "west")}
    chosen = {"alder-creek": "east", "bluestem": "west"}
    clinics = {
        name: replace(settings.clinics[name], server=server) for name, server in chosen.items()
    }
    both = replace(settings, servers=servers, clinics=clinics)
    period = resolve_period(both, NIGHTLY_PERIOD, world.now)
    with fetch_export(both, period, NEVER) as folder:
        made = build_tally(
            folder,
            ReportRequest(
                period,
                world.now,
                mapped_codes(),
                qualified_clinic_scopes(both),
                by_organization=False,
            ),
        )
    expected = {clinic: len(patients_seen(world)[clinic]) for clinic in chosen}
    assert {row.key: row.people for row in made.rows} == {**expected, "": sum(expected.values())}


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Patient/1", "Patient/7-1"),
        ("https://ehr.example/fhir/Patient/a.b-c", "Patient/7-a.b-c"),
        ("Patient/1/_history/3", "Patient/7-1"),
        ("Organization?identifier=urn:x|1", "Organization?identifier=urn:x|1"),
        ("urn:x|1", "urn:x|1"),
        ("#contained", "#contained"),
    ],
)
def test_marks_references_with_their_server(reference: str, expected: str) -> None:
    assert qualify_reference(reference, 7) == expected
