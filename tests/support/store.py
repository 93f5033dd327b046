"""What tests of the store share: a clock to set, a visit, and the audit log's actors."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from intake.clock import Clock
from intake.store import audit
from intake.store.database import Database
from intake.store.visits import Visit, visit_id

BIRTH_DATE = date(1980, 2, 29)


class TestClock:
    """A clock that stands still until a test moves it."""

    __test__ = False

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def make_visit(clock: Clock, source: str = "Appointment/1", **changes: object) -> Visit:
    visit = Visit(
        id=visit_id("main", source),
        clinic="riverside",
        server="main",
        patient="Patient/1",
        starts_at=clock(),
        name="Lan Nguyen",
        birth_date=BIRTH_DATE,
        initials="LN",
        appointment=source,
        gaps=frozenset({"race"}),
        base={"race": None},
    )
    return replace(visit, **changes)  # type: ignore[arg-type]


def stored_actors(database: Database) -> list[str]:
    """Return the actors in the audit log, in the order of writing."""
    with database.read() as tx:
        return [entry.who for entry in reversed(audit.recent_entries(tx, limit=10_000))]
