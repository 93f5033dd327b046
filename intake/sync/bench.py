"""What a worker has at hand for one server, and how it says what became of a submission."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from fhir_client.client import Client
from fhir_client.writing.values import Writer
from intake.clock import Clock
from intake.settings import Server, Settings
from intake.store.claims import Leased
from intake.store.database import Database
from intake.sync.backoff import Chance
from intake.sync.log import logger

REQUESTS_UNHEARD = 20
"""A lease outlives every request that can be made between two of its renewals, so that nobody else sends beside us."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker has at hand for one server."""

    settings: Settings
    server: Server
    database: Database
    client: Client
    ask: Callable[[], Writer]
    clock: Clock
    chance: Chance

    @property
    def writer(self) -> Writer:
        """How the site writes to the server; raises the errors of fhir_client.errors where the server cannot say it now."""
        return self.ask()

    @property
    def lease(self) -> timedelta:
        """How long a row is leased at a time."""
        return self.server.timeout * REQUESTS_UNHEARD


def told(bench: Bench, claimed: Leased, event: str, *, kept: bool = True, **more: str) -> None:
    """Log what became of a submission; where the lease was lost meanwhile, that, for the row says something else."""
    fields = {
        "submission": claimed.row.id,
        "server": bench.server.id,
        "attempts": claimed.row.attempts + 1,
        **more,
    }
    logger.info(event if kept else "lease-lost", extra=fields)
