"""Each FHIR server's health, judged from its last attempts, its worker and its submissions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from intake.store import servers
from intake.store.contacts import Contact, read_contact, server_contact
from intake.store.database import Tx
from intake.store.outbox.counts import count_by_status, last_verified, oldest_waiting
from intake.store.outbox.records import OPEN, UNFINISHED, Status
from intake.store.servers import ServerState

BEHIND_AFTER = timedelta(minutes=10)
"""Delivery takes seconds: a submission that waits this long is a fault, even if others pass."""


class Health(StrEnum):
    """A server's health, the worst first."""

    UNWATCHED = "No worker"
    PAUSED = "Paused"
    FAILING = "Not answering"
    BEHIND = "Behind"
    HOLDING = "Needs a person"
    RUNNING = "Running"


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """One FHIR server: its state, its last attempts and its unfinished submissions."""

    state: ServerState
    contact: Contact
    health: Health
    open_count: int
    held_count: int
    oldest: datetime | None
    verified: datetime | None


def read_server_health(tx: Tx, server: str) -> ServerHealth:
    """Return the server's health now."""
    state, contact = servers.read_state(tx, server), read_contact(tx, server_contact(server))
    counts = count_by_status(tx, server, among=UNFINISHED)
    oldest, held_count = oldest_waiting(tx, server), counts[Status.HELD]
    return ServerHealth(
        state=state,
        contact=contact,
        health=judge_health(state, contact, oldest, held_count, tx.now),
        open_count=sum(counts[status] for status in OPEN),
        held_count=held_count,
        oldest=oldest,
        verified=last_verified(tx, server),
    )


def judge_health(
    state: ServerState, contact: Contact, oldest: datetime | None, held_count: int, now: datetime
) -> Health:
    """Return the worst that is true of the server."""
    # Without a worker nothing else in the server's state is current.
    facts = {
        Health.UNWATCHED: not state.is_watched(now),
        Health.PAUSED: state.paused_since is not None,
        Health.FAILING: contact.is_failing,
        Health.BEHIND: oldest is not None and now - oldest > BEHIND_AFTER,
        Health.HOLDING: held_count > 0,
    }
    return next((health for health, is_true in facts.items() if is_true), Health.RUNNING)
