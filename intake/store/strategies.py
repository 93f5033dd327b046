"""How each FHIR server is written to, pinned: once found out it stays, across restarts, until a person has it found anew."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from intake.store.database import Tx
from intake.store.tables import strategies as table


@dataclass(frozen=True, slots=True)
class StoredStrategy:
    """A way to write, in the words of the ladder: its rung, what it leaves on the server, and why not by a safer one.

    `by_patient` are the kinds of resource that are looked for among all of the patient's.
    `basis` stands for the settings that it was found with: with others it has to be found anew.
    """

    basis: str
    rung: str
    parts: tuple[str, ...]
    batch: bool
    reasons: tuple[str, ...] = ()
    by_patient: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PinnedStrategy:
    """A way that is pinned; `proven_at` is when a write test last went through by it, None where none did."""

    way: StoredStrategy
    pinned_at: datetime
    proven_at: datetime | None = None


def read_pinned(tx: Tx, server: str) -> PinnedStrategy | None:
    """Return how the server is written to; None where nobody has found it out."""
    row = tx.connection.execute(select(table).where(table.c.server == server)).first()
    if row is None:
        return None
    parts, by_patient = (
        tuple(filter(None, listed.split(","))) for listed in (row.parts, row.by_patient)
    )
    reasons = tuple(filter(None, row.reasons.split("\n")))
    return PinnedStrategy(
        StoredStrategy(row.basis, row.rung, parts, row.batch, reasons, by_patient),
        row.pinned_at,
        row.proven_at,
    )


def pin_strategy(tx: Tx, server: str, way: StoredStrategy, *, proven: bool = False) -> None:
    """Pin the way to write; one that is pinned already keeps its moments, unless it was just `proven`."""
    before = read_pinned(tx, server)
    same = before is not None and before.way == way
    proven_at = tx.now if proven else before.proven_at if before and same else None
    values = {
        "basis": way.basis,
        "rung": way.rung,
        "parts": ",".join(way.parts),
        "batch": way.batch,
        "reasons": "\n".join(way.reasons),
        "by_patient": ",".join(way.by_patient),
        "pinned_at": before.pinned_at if before and same else tx.now,
        "proven_at": proven_at,
    }
    query = update(table).where(table.c.server == server).values(values)
    there = tx.connection.execute(query).rowcount == 1
    if not there and not tx.insert_new(table, {"server": server, **values}):
        # On PostgreSQL two workers can meet a new server together.
        tx.connection.execute(query)
