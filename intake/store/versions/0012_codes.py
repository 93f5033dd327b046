"""The tablet that a code belongs to after its first use, and when the code was made."""

from intake.store.migrate import add_missing_columns
from intake.store.tables import codes

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns; a code that is in use now has no tablet and expires in minutes."""
    add_missing_columns(codes, "device", "created_at")
