"""A batch is leased for a running server only, and released when work must stop."""

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Event

import pytest

from fhir_client.errors import AccessError
from fhir_client.model import WriteStrategyKind
from fhir_client.write.strategy import full_strategy
from intake.ehr.strategy import pin_strategy
from intake.store.outbox import leases, undo_requests
from intake.store.outbox.held_reasons import HeldReason
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.undo_leases import LeasedUndo
from intake.worker import batches
from intake.worker.context import WorkerContext
from intake.worker.outcomes import (
    SERVER_PAUSE,
    Accepted,
    Held,
    ServerPaused,
    Verified,
    apply_outcome,
)
from tests.support.worker_site import WorkerSite

Act = Callable[[WorkerContext, LeasedSubmission], object]


class Deliveries:
    """Stands for delivery and undo: keeps what it got, and acts as a test says."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.undone: list[str] = []
        self.act: Act = lambda context, leased: apply_outcome(
            context, Held(leased, HeldReason.REFUSED, "Refused.")
        )

    def deliver(self, context: WorkerContext, leased: LeasedSubmission) -> None:
        self.ids.append(leased.record.id)
        self.act(context, leased)

    def undo(self, context: WorkerContext, leased: LeasedUndo) -> None:
        self.undone.append(leased.record.id)
        apply_outcome(context, Held(leased, HeldReason.LATER, "Wait."))


@pytest.fixture
def deliveries(monkeypatch: pytest.MonkeyPatch) -> Deliveries:
    fake = Deliveries()
    monkeypatch.setattr(batches, "deliver_submission", fake.deliver)
    monkeypatch.setattr(batches, "deliver_undo", fake.undo)
    return fake


def pin(site: WorkerSite) -> None:
    strategy = full_strategy(WriteStrategyKind.TRANSACTION)
    pin_strategy(site.context.server, site.settings, site.database, strategy)


def deliver_due(site: WorkerSite, stop: Event | None = None) -> bool:
    context = site.context
    return batches.deliver_due(
        context.settings,
        context.server,
        context.database,
        context.clock,
        context.jitter,
        stop or Event(),
    )


def store(site: WorkerSite, count: int) -> list[str]:
    return [str(site.store_submission(patient=f"Patient/{n}").id) for n in range(count)]


def test_all_that_is_due_is_delivered_batch_after_batch(
    worker_site: WorkerSite, deliveries: Deliveries
) -> None:
    pin(worker_site)
    ids = store(worker_site, 2 * batches.BATCH_SIZE + 1)
    assert deliver_due(worker_site)
    assert deliveries.ids == ids
    assert not deliver_due(worker_site)


def test_a_server_without_a_strategy_gets_one_submission(
    worker_site: WorkerSite, deliveries: Deliveries
) -> None:
    ids = store(worker_site, 3)
    assert deliver_due(worker_site)
    # No delivery negotiated a strategy, so the probe lasts until the pause would end.
    assert deliveries.ids == ids[:1]


def test_a_paused_server_is_tried_again_with_one_submission(
    worker_site: WorkerSite, deliveries: Deliveries
) -> None:
    pin(worker_site)
    ids = store(worker_site, 3)
    deliveries.act = lambda context, leased: apply_outcome(
        context, ServerPaused(leased, "http-401", "No access.")
    )
    assert deliver_due(worker_site)
    assert deliveries.ids == ids[:1]
    assert not deliver_due(worker_site)
    worker_site.clock.advance(seconds=SERVER_PAUSE.total_seconds())
    assert deliver_due(worker_site)
    assert len(deliveries.ids) == 2


def test_an_undo_goes_before_submissions(worker_site: WorkerSite, deliveries: Deliveries) -> None:
    pin(worker_site)
    delivered = worker_site.lease_new()
    worker_site.record_sending(delivered)
    apply_outcome(worker_site.context, Accepted(delivered))
    apply_outcome(worker_site.context, Verified(delivered, worker_site.settings))
    [other] = store(worker_site, 1)
    with worker_site.database.write() as tx:
        undo_requests.request_undo(tx, delivered.record.id)
    assert deliver_due(worker_site)
    assert (deliveries.undone, deliveries.ids) == ([delivered.record.id], [other])


def test_a_stopped_worker_releases_the_rest_of_its_batch(
    worker_site: WorkerSite, deliveries: Deliveries
) -> None:
    pin(worker_site)
    ids, stop = store(worker_site, 3), Event()
    deliveries.act = lambda _context, _leased: stop.set()
    assert deliver_due(worker_site, stop)
    assert deliveries.ids == ids[:1]
    assert not [rest_id for rest_id in ids[1:] if worker_site.read_record(rest_id).sending]


def test_a_long_batch_renews_its_leases(
    worker_site: WorkerSite, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(worker_site)
    ids, renewed = store(worker_site, 2), []
    lease = worker_site.context.lease_duration
    renew = leases.renew_lease

    def count_renewal(*arguments: object) -> bool:
        renewed.append(arguments)
        return renew(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(leases, "renew_lease", count_renewal)
    deliveries.act = lambda _context, _leased: worker_site.clock.advance(
        seconds=lease.total_seconds() / 3
    )
    assert deliver_due(worker_site)
    assert deliveries.ids[:2] == ids
    assert renewed


def test_a_batch_whose_lease_was_lost_ends(worker_site: WorkerSite, deliveries: Deliveries) -> None:
    pin(worker_site)
    store(worker_site, 2)
    lease, stop = worker_site.context.lease_duration, Event()

    def lose_leases(_context: WorkerContext, _leased: LeasedSubmission) -> None:
        worker_site.clock.advance(seconds=lease.total_seconds() + 1)
        with worker_site.database.write() as tx:
            leases.acquire_leases(tx, "main", limit=2, lease=lease * 10)
        stop.set()

    deliveries.act = lose_leases
    assert deliver_due(worker_site, stop)
    assert len(deliveries.ids) == 1


def test_a_missing_secret_pauses_the_server_with_one_alarm(
    worker_site: WorkerSite,
    deliveries: Deliveries,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_server: object, _observe: object) -> None:
        raise AccessError("No secret.")

    monkeypatch.setattr(batches, "build_client", fail)
    store(worker_site, 1)
    with caplog.at_level(logging.ERROR, "intake.worker"):
        assert not deliver_due(worker_site)
        worker_site.clock.advance(minutes=1)
        assert not deliver_due(worker_site)
    assert caplog.messages == ["server-paused"]
    assert worker_site.read_server().reason == "credentials"
    assert not deliveries.ids


def test_an_idle_worker_is_recorded_now_and_then(worker_site: WorkerSite) -> None:
    assert not deliver_due(worker_site)
    first = worker_site.read_server().worker_seen
    worker_site.clock.advance(seconds=19)
    assert not deliver_due(worker_site)
    assert (
        worker_site.read_server().worker_seen
        == first
        == worker_site.clock() - timedelta(seconds=19)
    )
