"""Decisions about conflicts, undo, and what became of a chart afterwards."""

from alembic import op
from sqlalchemy import inspect

from intake.store.tables import submissions

revision = "0002"
down_revision = "0001"

ADDED = ("decided", "undo_from", "undo_at", "reversed_at", "drift")


def upgrade() -> None:
    """Add the columns, unless the first revision made the tables of today."""
    held = {column["name"] for column in inspect(op.get_bind()).get_columns(submissions.name)}
    for name in ADDED:
        if name not in held:
            op.add_column(submissions.name, submissions.c[name].copy())
