"""Which kinds of resource a server does not search by identifier, so that they are looked for among the patient's."""

from intake.store.migrate import add_missing_columns
from intake.store.tables import strategies

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    add_missing_columns(strategies, "by_patient")
