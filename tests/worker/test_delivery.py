"""Delivery writes, reads back and verifies; each error has an outcome."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fhir_client.errors import (
    AccessError,
    ChartConflictError,
    GoneError,
    ManualEntryError,
    PatientError,
    RefusedError,
    ServerError,
    TemporaryError,
    VersionConflictError,
)
from fhir_client.model import Conflict, Element, WriteStrategyKind
from fhir_client.write.bundle import NoVersionError
from fhir_client.write.patient_matching import UnmatchedPatientError
from fhir_client.write.read_back import Mismatch
from fhir_client.write.task import WriteAttempt, WriteResult
from fhir_client.write.validation import InvalidBundleError
from intake.mapping.choices import UnknownAnswerError
from intake.store.database import DatabaseError
from intake.store.outbox import supersede, worklist
from intake.worker import delivery
from intake.worker.context import WorkerContext
from intake.worker.delivery import deliver_submission
from tests.support.worker_site import WorkerSite

RESULT = WriteResult("Patient/1", "QuestionnaireResponse/9", "7")
ATTEMPT = WriteAttempt("Patient/1", "7", None)
CONFLICT = Conflict("race", ("Asian",), ("White",), "hash")


class FakeServer:
    """Stands for the FHIR server: counts writes and read-backs, fails on demand."""

    def __init__(self) -> None:
        self.writes: list[dict[str, Any]] = []
        self.read_backs: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.mismatches: tuple[Mismatch, ...] = ()
        self.before_answer: Callable[[], object] = lambda: None

    def write(
        self, _client: object, writer: object, statement: object, **given: Any
    ) -> WriteResult:
        self.writes.append({"writer": writer, "statement": statement, **given})
        given["before_sending"](ATTEMPT)
        self.before_answer()
        if self.error is not None:
            raise self.error
        return RESULT

    def read_back(
        self, _client: object, writer: object, *_: object, **given: Any
    ) -> tuple[Mismatch, ...]:
        self.read_backs.append({"writer": writer, **given})
        return self.mismatches


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    fake = FakeServer()
    monkeypatch.setattr(delivery, "write_statement", fake.write)
    monkeypatch.setattr(delivery, "repair_and_read_back", fake.read_back)
    return fake


def test_a_submission_is_written_read_back_and_verified(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    leased = worker_site.lease_new()
    deliver_submission(worker_site.context, leased)
    assert worker_site.read_state(leased) == ("verified", None)
    assert [write["first"] for write in server.writes] == [True]
    # The read-back knows the version that the write merged into.
    assert [read["base_version"] for read in server.read_backs] == ["7"]


def test_an_accepted_submission_is_only_read_back(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    leased = worker_site.lease_new()
    server.mismatches = (Mismatch("race", 1, 0, absent=True),)
    deliver_submission(worker_site.context, leased)
    assert worker_site.read_state(leased) == ("accepted", "not-shown")
    worker_site.clock.advance(minutes=1)
    server.mismatches = ()
    deliver_submission(worker_site.context, worker_site.acquire_lease())
    assert worker_site.read_state(leased) == ("verified", None)
    assert (len(server.writes), len(server.read_backs)) == (1, 2)
    assert server.read_backs[1]["base_version"] == "7"


def test_what_a_server_does_not_show_is_a_mismatch_after_a_while(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    leased = worker_site.lease_new()
    server.mismatches = (Mismatch("race", 1, 0, absent=True),)
    deliver_submission(worker_site.context, leased)
    worker_site.clock.advance(minutes=10)
    deliver_submission(worker_site.context, worker_site.acquire_lease())
    assert worker_site.read_state(leased) == ("held", "mismatch")


def test_another_value_in_the_chart_is_a_mismatch_at_once(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    leased = worker_site.lease_new()
    server.mismatches = (Mismatch("race", "Asian", "White"),)
    deliver_submission(worker_site.context, leased)
    record = worker_site.read_record(leased.record.id)
    assert worker_site.read_state(leased) == ("held", "mismatch")
    assert "Asian" not in (record.words or "")


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (TemporaryError("Busy.", 503), ("waiting", "http-503")),
        (TemporaryError("No answer."), ("waiting", "no-answer")),
        (VersionConflictError("Stale.", 412), ("waiting", "http-412")),
        (ServerError("No such server.", 404), ("queued", "http-404")),
        (AccessError("No key.", 401), ("queued", "credentials")),
        (ChartConflictError("Changed", (CONFLICT,)), ("held", "chart-changed")),
        (ManualEntryError("By hand."), ("held", worklist.WORKLIST_REASON)),
        (UnmatchedPatientError("No chart."), ("held", "unmatched")),
        (PatientError("Inactive."), ("held", "patient")),
        (GoneError("Gone.", 410), ("held", "patient")),
        (RefusedError("Invalid.", 422), ("held", "refused")),
        (InvalidBundleError("no subject"), ("held", "invalid")),
        (NoVersionError("no version"), ("held", "invalid")),
        (UnknownAnswerError("no such code"), ("held", "invalid")),
        (KeyError("extension"), ("held", "fault")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_error_has_an_outcome(
    worker_site: WorkerSite, server: FakeServer, error: Exception, state: tuple[str, str]
) -> None:
    leased = worker_site.lease_new()
    server.error = error
    deliver_submission(worker_site.context, leased)
    assert worker_site.read_state(leased) == state
    assert not worker_site.read_record(leased.record.id).sending
    assert not server.read_backs


def test_a_database_error_is_no_outcome(worker_site: WorkerSite, server: FakeServer) -> None:
    leased = worker_site.lease_new()
    server.error = DatabaseError("The disk is full.")
    with pytest.raises(DatabaseError):
        deliver_submission(worker_site.context, leased)
    assert worker_site.read_record(leased.record.id).sending


def test_nothing_is_sent_without_the_lease(worker_site: WorkerSite, server: FakeServer) -> None:
    leased = worker_site.lease_new()
    worker_site.lose_lease()
    before = worker_site.read_record(leased.record.id)
    deliver_submission(worker_site.context, leased)
    assert worker_site.read_record(leased.record.id) == before
    assert (len(server.writes), server.read_backs) == (1, [])


def test_a_lease_that_ends_during_the_write_stops_the_delivery(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    leased = worker_site.lease_new()
    server.before_answer = worker_site.lose_lease
    deliver_submission(worker_site.context, leased)
    assert worker_site.read_record(leased.record.id).accepted_at is None
    assert not server.read_backs


def test_an_attempt_is_recorded_before_it_leaves(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    leased = worker_site.lease_new()
    server.error = TemporaryError("No answer.")
    deliver_submission(worker_site.context, leased)
    worker_site.clock.advance(minutes=1)
    again = worker_site.acquire_lease()
    assert again.last_target is not None
    assert (again.last_target.patient, again.last_target.version) == ("Patient/1", "7")
    server.error = None
    deliver_submission(worker_site.context, again)
    assert [write["first"] for write in server.writes] == [True, False]


def test_nothing_is_sent_again_before_the_search_can_show_it(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    leased = worker_site.lease_new()
    server.error = TemporaryError("No answer.")
    deliver_submission(worker_site.context, leased)
    worker_site.clock.advance(seconds=20)
    writer = worker_site.context.writer
    slow = replace(writer, quirks=replace(writer.quirks, search_lag_seconds=60))
    context: WorkerContext = replace(worker_site.context, negotiate_writer=lambda: slow)
    deliver_submission(context, worker_site.acquire_lease())
    record = worker_site.read_record(leased.record.id)
    assert (len(server.writes), record.due_at) == (1, worker_site.clock() + timedelta(seconds=40))


def test_what_a_person_typed_is_looked_for_on_the_worklist(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    leased = worker_site.lease_new()
    typed = replace(leased, record=replace(leased.record, typed_at=worker_site.clock()))
    deliver_submission(worker_site.context, typed)
    [read] = server.read_backs
    assert read["writer"].strategy.kind is WriteStrategyKind.WORKLIST
    assert worker_site.read_state(leased) == ("entered", None)


def test_superseded_elements_are_not_written(worker_site: WorkerSite, server: FakeServer) -> None:
    leased = worker_site.lease_new()
    with worker_site.database.write() as tx:
        leased = supersede.drop_superseded_elements(tx, leased, frozenset({"race"}))
    deliver_submission(worker_site.context, leased)
    [write] = server.writes
    assert Element.RACE not in write["statement"].values
    assert Element.ETHNICITY in write["statement"].values
