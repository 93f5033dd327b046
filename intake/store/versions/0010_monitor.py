"""What the monitor shows and does: contacts, chart searches, answers to type by hand."""

from alembic import op

from intake.store.migrate import add_missing_columns
from intake.store.monitor_tables import (
    attempt_log,
    chart_searches,
    contacts,
    group_actions,
    list_indexes,
)
from intake.store.tables import submissions

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create tables and columns, unless the first revision created the current ones."""
    for table in (contacts, chart_searches, group_actions, attempt_log):
        table.create(op.get_bind(), checkfirst=True)
    add_missing_columns(submissions, "by_hand_at", "device")
    for index in list_indexes:
        index.create(op.get_bind(), checkfirst=True)
