"""Ways to write that are pinned, what was typed by hand, decisions, undo, and what became of a chart afterwards."""

from alembic import op

from intake.store.migrate import add_missing_columns
from intake.store.tables import strategies, submissions, submissions_undo

revision = "0002"
down_revision = "0001"

ADDED = ("decided", "undo_from", "undo_at", "reversed_at", "drift", "checked_at", "typed_at")


def upgrade() -> None:
    """Add table, columns and index, unless the first revision made the tables of today."""
    strategies.create(op.get_bind(), checkfirst=True)
    add_missing_columns(submissions, *ADDED)
    submissions_undo.create(op.get_bind(), checkfirst=True)
