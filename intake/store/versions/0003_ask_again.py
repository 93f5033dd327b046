"""When the person of a submission is asked again."""

from intake.store.migrate import add_missing
from intake.store.tables import submissions

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    add_missing(submissions, "again_at")
