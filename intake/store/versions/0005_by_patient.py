"""The resource types that the worker searches by patient, because a search by identifier fails."""

from intake.store.migrate import add_missing_columns
from intake.store.tables import strategies

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    add_missing_columns(strategies, "by_patient")
