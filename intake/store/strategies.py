"""Pinned write strategies: how the worker writes to each FHIR server.

Capability negotiation finds a strategy once. It stays pinned across restarts, until staff ask for
a new negotiation or the server's settings change.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from intake.store.database import Tx
from intake.store.tables import strategies as table


@dataclass(frozen=True, slots=True)
class StoredStrategy:
    """A write strategy, as the store keeps it.

    `basis` is a hash of the settings that led to it: other settings need a new negotiation.
    `kind` is the strategy's kind; its column is named `rung`. `parts` is what it leaves on the
    server, and `reasons` say why no safer kind works. `by_patient` are the resource types that the
    worker searches by patient.
    """

    basis: str
    kind: str
    parts: tuple[str, ...]
    batch: bool
    reasons: tuple[str, ...] = ()
    by_patient: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PinnedStrategy:
    """A pinned strategy; `proven_at` is when a write test last succeeded with it."""

    strategy: StoredStrategy
    pinned_at: datetime
    proven_at: datetime | None = None


def read_pinned(tx: Tx, server: str) -> PinnedStrategy | None:
    """Return the server's pinned strategy, None before the first negotiation."""
    row = tx.connection.execute(select(table).where(table.c.server == server)).first()
    if row is None:
        return None
    strategy = StoredStrategy(
        row.basis,
        row.rung,
        tuple(filter(None, row.parts.split(","))),
        row.batch,
        tuple(filter(None, row.reasons.split("\n"))),
        tuple(filter(None, row.by_patient.split(","))),
    )
    return PinnedStrategy(strategy, row.pinned_at, row.proven_at)


def pin_strategy(tx: Tx, server: str, strategy: StoredStrategy, *, proven: bool = False) -> None:
    """Pin the strategy; `proven` means that a write test just succeeded with it.

    A strategy that is pinned already keeps its times.
    """
    previous = read_pinned(tx, server)
    unchanged = previous if previous is not None and previous.strategy == strategy else None
    values = {
        "basis": strategy.basis,
        "rung": strategy.kind,
        "parts": ",".join(strategy.parts),
        "batch": strategy.batch,
        "reasons": "\n".join(strategy.reasons),
        "by_patient": ",".join(strategy.by_patient),
        "pinned_at": unchanged.pinned_at if unchanged else tx.now,
        # Another strategy is unproven, even if the previous one was proven.
        "proven_at": tx.now if proven else unchanged.proven_at if unchanged else None,
    }
    query = update(table).where(table.c.server == server).values(values)
    is_updated = tx.connection.execute(query).rowcount == 1
    if not is_updated and not tx.insert_new(table, {"server": server, **values}):
        # On PostgreSQL another worker may have inserted the row since the update.
        tx.connection.execute(query)
