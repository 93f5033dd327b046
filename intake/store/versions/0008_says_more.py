"""Submissions whose chart says more than the patient said."""

from alembic import op

from intake.store.migrate import add_missing_columns
from intake.store.tables import submissions, submissions_says_more

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add column and index, unless the first revision created the current table."""
    add_missing_columns(submissions, "says_more")
    submissions_says_more.create(op.get_bind(), checkfirst=True)
