"""The first schema."""

from alembic import op

from intake.store.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every current table; later revisions then find nothing to add."""
    metadata.create_all(op.get_bind())
