"""Facts outlive answers: the report has the same numbers before and after the erasure."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fhir_client.uscore.undo_record import ElementChange, ValueChange
from intake.answers import Answer, AnswerState, Informant, Submission
from intake.feed.local_facts import read_local_facts
from intake.report.build import build_report
from intake.report.codec import to_json
from intake.report.values import ClinicScope
from intake.store.chart_changes import ChangeCount, ChartChange, count_changes
from intake.store.outbox.facts import LONGEST_PERIOD, try_decrypt_facts
from intake.store.outbox.records import Status
from intake.store.tables import submissions as table
from intake.worker.housekeeping import erase_expired
from intake.worker.outcomes import Verified, apply_outcome
from intake.worker.undo_records import PriorValues, encode_prior_values
from tests.support.report_export import ExportFolder, group_extension, report_request
from tests.support.worker_site import NO_CHANGES, WorkerSite

DECLINED, UNKNOWN = Answer(AnswerState.DECLINED), Answer(AnswerState.UNKNOWN)
CLINIC = ClinicScope("riverside", "Riverside", "America/New_York", ("Organization/river",))
ANSWERS: tuple[dict[str, Answer], ...] = (
    {"race-ethnicity": Answer(AnswerState.ANSWERED, ("2028-9", "2034-7"))},
    {"race-ethnicity": Answer(AnswerState.ANSWERED, ("2106-3", "2135-2"))},
    {"race-ethnicity": Answer(AnswerState.ANSWERED, ("2135-2", "2148-5"))},
    {"race-ethnicity": DECLINED, "written-language": DECLINED},
    {"race-ethnicity": UNKNOWN, "spoken-language": UNKNOWN},
    {"spoken-language": Answer(AnswerState.ANSWERED, ("es",)), "interpreter": DECLINED},
    {"written-language": Answer(AnswerState.ANSWERED, (), {"own-words": "Mixteco"})},
)
"""Answers of every state, of a combined question answered whole, and in own words."""


@pytest.fixture
def export(tmp_path: Path) -> ExportFolder:
    """Return an export of twelve patients, some of whom have a chart of their own."""
    folder = ExportFolder(tmp_path)
    for number in range(12):
        extensions = [group_extension("race", "2106-3")] if number % 3 == 0 else []
        folder.add_patient(f"0-{number}", *extensions)
    folder.write_files()
    return folder


def verify_new(site: WorkerSite, undo_values: str = NO_CHANGES, **changes: Any) -> Submission:
    """Bring a new submission to verified, as the worker does."""
    leased = site.lease_new(**changes)
    site.record_sending(leased, undo_values)
    assert apply_outcome(site.context, Verified(leased, site.settings))
    return leased.submission


def report_json(site: WorkerSite, export: ExportFolder) -> bytes:
    """Return the full report over the export and the store, as of one fixed time."""
    facts = read_local_facts(site.settings, site.database)
    return to_json(build_report(export.folder, report_request("2026-Q3", CLINIC), facts).report)


def count_payloads(site: WorkerSite) -> int:
    with site.database.read() as tx:
        rows = tx.connection.execute(table.select()).all()
    return sum(row.payload is not None for row in rows)


def drop_facts(site: WorkerSite) -> None:
    """Leave the rows as an earlier version stored them."""
    with site.database.write() as tx:
        tx.connection.execute(table.update().values(facts=None))


def keep_facts_as_they_are(_site: WorkerSite) -> None:
    """Leave the rows as this version stores them."""


@pytest.mark.parametrize("prepare", [keep_facts_as_they_are, drop_facts])
def test_the_report_is_the_same_before_and_after_the_erasure(
    worker_site: WorkerSite, export: ExportFolder, prepare: Callable[[WorkerSite], None]
) -> None:
    for number, answers in enumerate(ANSWERS):
        informant = Informant.GUARDIAN if number % 2 else Informant.SELF
        verify_new(worker_site, patient=f"Patient/{number}", answers=answers, informant=informant)
    worker_site.store_submission(patient="Patient/9", answers=ANSWERS[0])
    prepare(worker_site)
    worker_site.clock.advance(days=29)
    before = report_json(worker_site, export)
    worker_site.clock.advance(days=2)
    erase_expired(worker_site.settings, worker_site.database)
    assert count_payloads(worker_site) == 1
    assert report_json(worker_site, export) == before


def test_facts_hold_no_value_and_are_encrypted(worker_site: WorkerSite) -> None:
    verify_new(worker_site, patient="Patient/1", answers=ANSWERS[0])
    with worker_site.database.read() as tx:
        row = tx.connection.execute(table.select()).one()
        facts = try_decrypt_facts(tx, row)
        plain = tx.cipher.decrypt(row.facts, row.id)
    assert facts is not None
    assert [(fact.element, fact.state, fact.detailed) for fact in facts.elements] == [
        ("race", 1, True)
    ]
    assert b"2028" not in plain
    assert b"Patient/1" in plain
    assert b"Patient" not in row.facts


def test_facts_go_when_their_last_period_is_closed_for_two_years(worker_site: WorkerSite) -> None:
    verify_new(worker_site)
    stored = []
    for wait in (
        LONGEST_PERIOD + worker_site.settings.times.facts - timedelta(days=1),
        timedelta(days=2),
    ):
        worker_site.clock.advance(seconds=wait.total_seconds())
        erase_expired(worker_site.settings, worker_site.database)
        stored.append(len(list(read_local_facts(worker_site.settings, worker_site.database))) > 0)
    assert stored == [True, False]


def prior_values(*items: dict[str, object]) -> str:
    """Return an undo record's values for a write that replaced these race extensions."""
    swaps = tuple(ValueChange(item, "hash") for item in items) or (ValueChange(None, "hash"),)
    change = ElementChange("race", swaps, "before", "after")
    return encode_prior_values(PriorValues((change,), frozenset({"race"})))


@pytest.mark.parametrize(
    ("undo_values", "before", "is_changed"),
    [
        (NO_CHANGES, "2028-9", False),
        (prior_values(), "none", False),
        (prior_values(group_extension("race", "2106-3")), "2106-3", True),
        (prior_values(group_extension("race", "2106-3", "2054-5")), "several", True),
        (prior_values(group_extension("race", text="Gullah")), "text", True),
    ],
)
def test_chart_changes_are_counted_by_month_and_clinic(
    worker_site: WorkerSite, undo_values: str, before: str, is_changed: bool
) -> None:
    for number in range(2):
        verify_new(worker_site, undo_values, patient=f"Patient/{number}", answers=ANSWERS[0])
    with worker_site.database.read() as tx:
        month = tx.now.strftime("%Y-%m")
        assert count_changes(tx, month, month, "riverside") == (
            ChangeCount(ChartChange("race", before, "2028-9"), 2),
        )
        assert count_changes(tx, "2020-01", "2020-12") == ()
    facts = read_local_facts(worker_site.settings, worker_site.database)
    assert {fact.changed for fact in facts} == {is_changed}


def test_a_damaged_undo_record_keeps_nothing_from_being_verified(worker_site: WorkerSite) -> None:
    submission = verify_new(worker_site, "{}")
    assert worker_site.read_record(submission.id).status is Status.VERIFIED
    facts = read_local_facts(worker_site.settings, worker_site.database)
    assert {fact.changed for fact in facts} == {None}
