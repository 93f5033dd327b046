"""Holds what a worker thread uses for one server."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from fhir_client.client import FhirClient
from fhir_client.model import Exchange
from fhir_client.write.task import Writer
from intake.clock import Clock
from intake.settings import Server, Settings
from intake.store.database import Database
from intake.worker.backoff import JitterSource

REQUESTS_PER_LEASE = 20
"""A lease outlives all requests between two renewals, even if each one times out.

Otherwise a second worker could acquire the lease and send beside the first one.
"""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """The settings, database, client and clock of a worker thread for one server."""

    settings: Settings
    server: Server
    database: Database
    client: FhirClient
    negotiate_writer: Callable[[], Writer]
    clock: Clock
    jitter: JitterSource
    exchanges: list[Exchange] = field(default_factory=list)
    """The client's requests since the last stored step of the submission under work."""

    @property
    def writer(self) -> Writer:
        """How the site writes to the server.

        Raises the errors of fhir_client.errors if the server cannot be asked now.
        """
        return self.negotiate_writer()

    @property
    def lease_duration(self) -> timedelta:
        """The time that one lease lasts."""
        return self.server.timeout * REQUESTS_PER_LEASE
