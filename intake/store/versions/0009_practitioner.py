"""The Practitioner of a staff account: the author of answers that the account enters."""

from intake.store.migrate import add_missing_columns
from intake.store.tables import users

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column."""
    add_missing_columns(users, "practitioner")
