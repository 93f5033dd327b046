"""Indexes for the frequent queries of the monitor and of housekeeping."""

from alembic import op

from intake.store.tables import audit_at, submissions_asked_for

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the indexes, unless the first revision created the current ones."""
    for index in (*submissions_asked_for, audit_at):
        index.create(op.get_bind(), checkfirst=True)
