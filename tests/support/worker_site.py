"""A site as a worker's thread sees it, without a FHIR server."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from fhir_client.client import FhirClient
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.task import Writer
from intake.answers import Submission
from intake.settings import Settings
from intake.store import servers
from intake.store.database import Database
from intake.store.outbox import delivery_steps, enqueue, leases
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.merge_base import MergeBase
from intake.store.outbox.records import SubmissionRecord, find_record
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from intake.store.servers import ServerState
from intake.worker.context import WorkerContext
from tests.support.outbox import EXAMPLE_SUBMISSION
from tests.support.sites import ManualClock, TestSite

UNUSED_URL = "http://127.0.0.1:9/fhir"
NO_CHANGES = '{"parts": [], "speaks_of": ["race"]}'


@dataclass(frozen=True)
class WorkerSite:
    """A site as a worker's thread sees it; a test that calls its FHIR server fails."""

    context: WorkerContext
    clock: ManualClock

    @property
    def settings(self) -> Settings:
        return self.context.settings

    @property
    def database(self) -> Database:
        return self.context.database

    def store_submission(self, base: MergeBase | None = None, **changes: Any) -> Submission:
        """Store the example's answers as a submission of its own."""
        submission = replace(EXAMPLE_SUBMISSION, id=uuid4(), patient="Patient/1")
        submission = replace(submission, **changes)
        with self.database.write() as tx:
            assert enqueue.store_submission(tx, submission, "main", None, base)
        return submission

    def acquire_lease(self) -> LeasedSubmission:
        """Lease the one submission that is due."""
        duration = self.context.lease_duration
        with self.database.write() as tx:
            [leased] = leases.acquire_leases(tx, "main", limit=1, lease=duration)
        return leased

    def lease_new(self, base: MergeBase | None = None, **changes: Any) -> LeasedSubmission:
        """Store a submission and lease it."""
        self.store_submission(base, **changes)
        return self.acquire_lease()

    def lose_lease(self) -> None:
        """Let every lease end; another worker acquires one."""
        self.clock.advance(seconds=self.context.lease_duration.total_seconds())
        self.acquire_lease()

    def record_sending(self, leased: LeasedSubmission, values: str = NO_CHANGES) -> None:
        """Record that the submission was sent."""
        undo_record = UndoRecord(WriteTarget(leased.submission.patient, "7"), values)
        with self.database.write() as tx:
            assert delivery_steps.record_sending(
                tx, leased, undo_record, self.context.lease_duration
            )

    def read_record(self, submission_id: object) -> SubmissionRecord:
        """Return the stored record of a submission."""
        with self.database.read() as tx:
            record = find_record(tx, str(submission_id))
        assert record is not None
        return record

    def read_state(self, leased: LeasedSubmission) -> tuple[str, str | None]:
        """Return the status and the reason of a submission."""
        record = self.read_record(leased.record.id)
        return record.status.value, record.reason

    def read_server(self) -> ServerState:
        """Return what is stored about the server."""
        with self.database.read() as tx:
            return servers.read_state(tx, "main")


def make_worker_site(site: TestSite) -> WorkerSite:
    """Return the site as a worker's thread sees it."""
    writer = Writer(us_core_version("6.1.0"))
    context = WorkerContext(
        site.settings,
        site.settings.servers["main"],
        site.database,
        FhirClient(UNUSED_URL),
        lambda: writer,
        site.clock,
        lambda: 0.5,
    )
    return WorkerSite(context, site.clock)
