"""The state of patient matching for walk-ins, which the desk adds by record number."""

from intake.store.migrate import add_missing_columns
from intake.store.tables import visits

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column."""
    add_missing_columns(visits, "sought")
