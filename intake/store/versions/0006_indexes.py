"""Indexes for what the monitor and housekeeping ask for again and again."""

from alembic import op

from intake.store.tables import audit_at, submissions_asked_for

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make them, unless the first revision made those of today."""
    for each in (*submissions_asked_for, audit_at):
        each.create(op.get_bind(), checkfirst=True)
