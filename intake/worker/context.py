"""What a worker has at hand for one server, and how it says what became of a submission."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from fhir_client.client import FhirClient
from fhir_client.write.task import Writer
from intake.clock import Clock
from intake.log import logger
from intake.settings import Server, Settings
from intake.store.database import Database
from intake.store.outbox.leases import LeasedWork
from intake.worker.backoff import JitterSource

REQUESTS_UNHEARD = 20
"""A lease outlives every request that can be made between two of its renewals, so that nobody else sends beside us."""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What a worker has at hand for one server."""

    settings: Settings
    server: Server
    database: Database
    client: FhirClient
    negotiate_writer: Callable[[], Writer]
    clock: Clock
    jitter: JitterSource

    @property
    def writer(self) -> Writer:
        """How the site writes to the server; raises the errors of fhir_client.errors where the server cannot say it now."""
        return self.negotiate_writer()

    @property
    def lease_duration(self) -> timedelta:
        """How long a row is leased at a time."""
        return self.server.timeout * REQUESTS_UNHEARD


def report_outcome(
    bench: WorkerContext, claimed: LeasedWork, event: str, *, kept: bool = True, **more: str
) -> None:
    """Log what became of a submission; where the lease was lost meanwhile, that, for the row says something else."""
    fields = {
        "submission": claimed.record.id,
        "server": bench.server.id,
        "attempts": claimed.record.attempts + 1,
        **more,
    }
    logger.info(event if kept else "lease-lost", extra=fields)
