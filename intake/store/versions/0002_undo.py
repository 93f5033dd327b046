"""Pinned write strategies, typed submissions, decisions about conflicts, undo and drift."""

from alembic import op

from intake.store.migrate import add_missing_columns
from intake.store.tables import strategies, submissions, submissions_undo

revision = "0002"
down_revision = "0001"

ADDED = ("decided", "undo_from", "undo_at", "reversed_at", "drift", "checked_at", "typed_at")


def upgrade() -> None:
    """Add table, columns and index, unless the first revision created the current tables."""
    strategies.create(op.get_bind(), checkfirst=True)
    add_missing_columns(submissions, *ADDED)
    submissions_undo.create(op.get_bind(), checkfirst=True)
