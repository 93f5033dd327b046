"""What the monitor shows: how servers and schedules answered the last attempts."""

from alembic import op

from intake.store.tables import contacts

revision = "0011"
down_revision = "0007"


def upgrade() -> None:
    """Create the table, unless the first revision created the current ones."""
    contacts.create(op.get_bind(), checkfirst=True)
