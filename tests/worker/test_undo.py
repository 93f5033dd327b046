"""An undo waits for open submissions and keeps what they restate."""

from datetime import timedelta

import pytest

from fhir_client.errors import (
    ChartConflictError,
    GoneError,
    ManualEntryError,
    PatientError,
    RefusedError,
    ServerError,
    TemporaryError,
    VersionConflictError,
)
from fhir_client.model import Conflict
from fhir_client.write.bundle import NoVersionError
from fhir_client.write.undo import WrittenEffect
from intake.store import audit
from intake.store.outbox import delivery_steps, undo_leases, undo_requests
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.undo_leases import LeasedUndo
from intake.worker import undo
from intake.worker.outcomes import Postponed, apply_outcome
from intake.worker.undo import deliver_undo
from intake.worker.undo_records import decode_prior_values
from tests.support.worker_site import WorkerSite

RACE_CHANGED = (
    '{"parts": [{"element": "race", "swaps": [], "meant": "m", "means": "n"}],'
    ' "speaks_of": ["race"]}'
)
CONFLICT = Conflict("race", ("Asian",), ("White",), "hash")


class FakeServer:
    """Stands for the FHIR server: records what is undone, and fails as a test says."""

    def __init__(self) -> None:
        self.effects: list[WrittenEffect] = []
        self.error: Exception | None = None

    def undo(self, _client: object, _writer: object, effect: WrittenEffect, _key: object) -> None:
        self.effects.append(effect)
        if self.error is not None:
            raise self.error


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    fake = FakeServer()
    monkeypatch.setattr(undo, "undo_submission", fake.undo)
    return fake


def deliver_new(site: WorkerSite, values: str = RACE_CHANGED) -> LeasedSubmission:
    leased = site.lease_new()
    site.record_sending(leased, values)
    with site.database.write() as tx:
        assert delivery_steps.mark_accepted(tx, leased)
        assert delivery_steps.mark_verified(tx, leased)
    return leased


def lease_undo(site: WorkerSite, delivered: LeasedSubmission) -> LeasedUndo:
    with site.database.write() as tx:
        undo_requests.request_undo(tx, delivered.record.id)
        duration = site.context.lease_duration
        [leased] = undo_leases.acquire_undo_leases(tx, "main", limit=1, lease=duration)
    return leased


def test_an_undone_submission_is_reversed_and_audited(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    delivered = deliver_new(worker_site)
    deliver_undo(worker_site.context, lease_undo(worker_site, delivered))
    assert worker_site.read_state(delivered) == ("reversed", None)
    [effect] = server.effects
    assert [part.chart_part for part in effect.parts] == ["race"]
    assert effect.elements_to_keep == frozenset()
    with worker_site.database.read() as tx:
        assert [entry.who for entry in audit.entries_about(tx, delivered.record.id)] == ["worker"]


def test_an_undo_waits_for_an_open_submission_of_the_chart(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    delivered = deliver_new(worker_site)
    later = worker_site.lease_new()
    worker_site.record_sending(later)
    apply_outcome(worker_site.context, Postponed(later, timedelta(hours=1)))
    deliver_undo(worker_site.context, lease_undo(worker_site, delivered))
    assert worker_site.read_state(delivered) == ("held", "later")
    assert not server.effects


def test_a_restated_part_stays_and_its_undo_goes_further_back(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    delivered = deliver_new(worker_site)
    later = deliver_new(worker_site)
    deliver_undo(worker_site.context, lease_undo(worker_site, delivered))
    assert server.effects[0].elements_to_keep == {"race"}
    inherited = decode_prior_values(lease_undo(worker_site, later).undo_record)
    assert [part.chart_part for part in inherited.parts] == ["race"]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (TemporaryError("Busy.", 503), ("waiting", "http-503")),
        (VersionConflictError("Stale.", 409), ("waiting", "http-409")),
        (ServerError("Forbidden.", 403), ("held", "refused")),
        (ChartConflictError("Changed", (CONFLICT,)), ("held", "chart-changed")),
        (ManualEntryError("By hand."), ("held", "by-hand")),
        (PatientError("Merged."), ("held", "patient")),
        (GoneError("Gone.", 410), ("held", "patient")),
        (RefusedError("Invalid.", 422), ("held", "refused")),
        (NoVersionError("no version"), ("held", "invalid")),
        (KeyError("extension"), ("held", "fault")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_error_has_an_outcome(
    worker_site: WorkerSite, server: FakeServer, error: Exception, state: tuple[str, str]
) -> None:
    delivered = deliver_new(worker_site)
    server.error = error
    deliver_undo(worker_site.context, lease_undo(worker_site, delivered))
    assert worker_site.read_state(delivered) == state
    # A server that forbids only an undo still takes submissions.
    assert worker_site.read_server().paused_since is None
