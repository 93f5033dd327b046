"""Drift is found in verified charts, and one unreadable chart stops no other."""

from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from fhir_client.errors import AccessError, FhirError, PatientError, RefusedError, TemporaryError
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.undo_record import element_changes
from intake.store.database import DatabaseError
from intake.store.outbox.leases import LeasedSubmission
from intake.worker import drift
from intake.worker.outcomes import Accepted, Verified, apply_outcome
from intake.worker.undo_records import PriorValues, encode_prior_values, keyed_hash
from tests.support.outbox import EXAMPLE_PATIENT, WHITE_RACE
from tests.support.worker_site import WorkerSite

WRITTEN = {**EXAMPLE_PATIENT, "extension": [WHITE_RACE]}


class FakeServer:
    """Stands for the server's charts, by reference; some cannot be read."""

    def __init__(self) -> None:
        self.charts: dict[str, dict[str, Any] | Exception] = {}
        self.reads: list[str] = []

    def read(self, _client: object, reference: str) -> dict[str, Any]:
        self.reads.append(reference)
        chart = self.charts.get(reference, WRITTEN)
        if isinstance(chart, Exception):
            raise chart
        return chart


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    fake = FakeServer()
    monkeypatch.setattr(drift, "read_written_patient", fake.read)
    return fake


def deliver_new(site: WorkerSite, patient: str) -> LeasedSubmission:
    """Record that a submission wrote the race of the chart."""
    leased = site.lease_new(patient=patient)
    with site.database.read() as tx:
        key = keyed_hash(tx)
    before, after = chart_elements(EXAMPLE_PATIENT), chart_elements(WRITTEN)
    values = PriorValues(element_changes(before, after, key), frozenset({"race"}))
    site.record_sending(leased, encode_prior_values(values))
    apply_outcome(site.context, Accepted(leased))
    apply_outcome(site.context, Verified(leased, site.settings))
    return leased


def check(site: WorkerSite) -> None:
    drift.check_drift(site.context.server, site.database, site.clock, Event())


def read_drift(site: WorkerSite, leased: LeasedSubmission) -> str | None:
    return site.read_record(leased.record.id).drift


def test_drift_is_found_a_day_after_the_last_check(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    same, changed, merged = (deliver_new(worker_site, f"Patient/{n}") for n in (1, 2, 3))
    server.charts = {"Patient/2": EXAMPLE_PATIENT, "Patient/3": PatientError("Merged.")}
    check(worker_site)
    assert not server.reads
    worker_site.clock.advance(days=1)
    check(worker_site)
    results = [read_drift(worker_site, leased) for leased in (same, changed, merged)]
    assert results == [None, "changed", "merged"]
    check(worker_site)
    assert len(server.reads) == 3


def test_what_a_later_submission_restates_is_no_drift(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    first = deliver_new(worker_site, "Patient/1")
    deliver_new(worker_site, "Patient/1")
    server.charts["Patient/1"] = EXAMPLE_PATIENT
    worker_site.clock.advance(days=1)
    check(worker_site)
    assert read_drift(worker_site, first) is None


def test_an_unreadable_chart_is_left_until_the_next_night(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    deliver_new(worker_site, "Patient/1")
    changed = deliver_new(worker_site, "Patient/2")
    server.charts = {"Patient/1": RefusedError("Odd.", 422), "Patient/2": EXAMPLE_PATIENT}
    worker_site.clock.advance(days=1)
    check(worker_site)
    assert server.reads == ["Patient/1", "Patient/2"]
    assert read_drift(worker_site, changed) == "changed"


@pytest.mark.parametrize(
    ("error", "comes_first_again"),
    [
        (AccessError("No key."), True),
        (TemporaryError("No answer."), True),
        (TemporaryError("Busy.", 503), False),
    ],
)
def test_a_server_in_trouble_is_left_until_the_next_round(
    worker_site: WorkerSite, server: FakeServer, error: FhirError, comes_first_again: bool
) -> None:
    deliver_new(worker_site, "Patient/1")
    deliver_new(worker_site, "Patient/2")
    server.charts["Patient/1"] = error
    worker_site.clock.advance(days=1)
    check(worker_site)
    assert server.reads == ["Patient/1"]
    check(worker_site)
    # An error of this chart alone lets the next round start at another chart.
    assert server.reads[1] == ("Patient/1" if comes_first_again else "Patient/2")


def test_a_database_error_ends_the_check(worker_site: WorkerSite, server: FakeServer) -> None:
    deliver_new(worker_site, "Patient/1")
    server.charts["Patient/1"] = DatabaseError("The disk is full.")
    worker_site.clock.advance(days=1)
    with pytest.raises(DatabaseError):
        check(worker_site)


def test_drift_is_checked_at_night_only(worker_site: WorkerSite, server: FakeServer) -> None:
    deliver_new(worker_site, "Patient/1")
    worker_site.clock.advance(days=1)
    settings = worker_site.settings
    # It is 10 in the morning at Riverside, the server's first clinic.
    drift.check_drift_at_night(settings, worker_site.database, worker_site.clock, Event())
    assert not server.reads
    worker_site.clock.advance(hours=16)
    nowhere = replace(settings, clinics={})
    drift.check_drift_at_night(nowhere, worker_site.database, worker_site.clock, Event())
    assert not server.reads
    drift.check_drift_at_night(settings, worker_site.database, worker_site.clock, Event())
    assert server.reads == ["Patient/1"]
