"""When the person of a submission is asked again."""

from alembic import op
from sqlalchemy import Column, inspect

from intake.store.tables import submissions

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column, unless the first revision made the tables of today."""
    held = {column["name"] for column in inspect(op.get_bind()).get_columns(submissions.name)}
    if "again_at" not in held:
        op.add_column(submissions.name, Column("again_at", submissions.c.again_at.type))
