"""The table of values about the whole site, which the readiness check also writes to."""

from alembic import op

from intake.store.tables import site_values

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table, unless the first revision created the current ones."""
    site_values.create(op.get_bind(), checkfirst=True)
