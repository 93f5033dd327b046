"""The end of the re-ask interval."""

from intake.store.migrate import add_missing_columns
from intake.store.tables import submissions

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    add_missing_columns(submissions, "again_at")
