"""The facts that outlive a submission's answers, and the monthly counts of chart changes."""

from alembic import op

from intake.store.migrate import add_missing_columns
from intake.store.report_tables import chart_changes
from intake.store.tables import submissions, submissions_facts

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column, its index and the table."""
    add_missing_columns(submissions, "facts")
    submissions_facts.create(op.get_bind(), checkfirst=True)
    chart_changes.create(op.get_bind(), checkfirst=True)
