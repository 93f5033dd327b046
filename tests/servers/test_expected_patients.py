"""The desk sees the charts of patients it entered, before anyone answers."""

from dataclasses import replace
from uuid import uuid4

import pytest

from fhir_client.uscore.chart import chart_elements
from intake.answers import MatchCriteria
from intake.store import visits
from intake.store.visits import MatchState, Visit
from intake.worker import patient_matching
from tests.support.fault_proxy import (
    answer_with,
)
from tests.support.outbox import Outbox
from tests.support.patient_matching import BORN, create_chart, new_criteria

pytestmark = pytest.mark.server


def add_walk_in(outbox: Outbox, criteria: MatchCriteria) -> str:
    """Put the patient on the clinic's list, as the desk does."""
    clinic = next(iter(outbox.settings.clinics.values()))
    visit = Visit(
        str(uuid4()),
        clinic.id,
        "main",
        criteria.reference,
        outbox.clock(),
        birth_date=BORN,
        match_state=MatchState.NEW,
    )
    with outbox.database.write() as tx:
        visits.save_visit(tx, visit)
    return visit.id


def read_visit(outbox: Outbox, visit: str) -> Visit:
    with outbox.database.read() as tx:
        stored = visits.find_visit(tx, visit)
    assert stored is not None
    return stored


def test_the_desk_sees_names_and_mistakes_before_anyone_answers(outbox: Outbox) -> None:
    registered, unknown = new_criteria(), new_criteria()
    patient = create_chart(outbox, registered)
    matched, unmatched = add_walk_in(outbox, registered), add_walk_in(outbox, unknown)
    assert patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW
    )
    visit_now = read_visit(outbox, matched)
    assert (visit_now.name, visit_now.patient, visit_now.match_state) == (
        "Lan Nguyen",
        patient,
        MatchState.FOUND,
    )
    assert visit_now.base == chart_elements(outbox.direct_client.read(patient))
    missed = read_visit(outbox, unmatched)
    assert (missed.match_state, missed.fault) == (
        MatchState.NONE,
        "No chart in use has this record number.",
    )
    # The patient was registered since, and the worker looks again.
    create_chart(outbox, unknown)
    assert patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW, MatchState.NONE
    )
    assert (read_visit(outbox, unmatched).name, read_visit(outbox, unmatched).fault) == (
        "Lan Nguyen",
        "",
    )


def test_a_failing_server_leaves_the_matching_for_later(outbox: Outbox) -> None:
    visit, other = add_walk_in(outbox, new_criteria()), add_walk_in(outbox, new_criteria())
    outbox.proxy.planned_faults = [answer_with(503)]
    assert not patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW
    )
    # One search that fails alone does not stop the others.
    assert {read_visit(outbox, visit_id).match_state for visit_id in (visit, other)} == {
        MatchState.NEW,
        MatchState.NONE,
    }
    again = [
        replace(read_visit(outbox, visit_id), match_state=MatchState.NEW)
        for visit_id in (visit, other)
    ]
    with outbox.database.write() as tx:
        for visit_id in again:
            visits.save_visit(tx, visit_id)
    outbox.proxy.default_fault = answer_with(503)
    assert not patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW
    )
    assert {read_visit(outbox, visit_id).match_state for visit_id in (visit, other)} == {
        MatchState.NEW
    }
    # The worker looks after hours too, but not for ever for a patient who is never registered.
    outbox.proxy.default_fault = None
    outbox.clock.advance(hours=3)
    assert patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW
    )
    assert {read_visit(outbox, visit_id).match_state for visit_id in (visit, other)} == {
        MatchState.NONE
    }
    request_count = len(outbox.proxy.requests)
    assert patient_matching.match_expected_patients(
        outbox.settings, outbox.database, outbox.clock, MatchState.NEW, MatchState.NONE
    )
    assert len(outbox.proxy.requests) == request_count
