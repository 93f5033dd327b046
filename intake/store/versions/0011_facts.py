"""The facts that outlive answers, the counts of chart changes, and the editions of reports."""

from alembic import op

from intake.store.migrate import add_missing_columns
from intake.store.report_tables import chart_changes, reports
from intake.store.tables import submissions, submissions_facts

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns, the index and the table."""
    add_missing_columns(submissions, "facts")
    submissions_facts.create(op.get_bind(), checkfirst=True)
    add_missing_columns(reports, "edition")
    chart_changes.create(op.get_bind(), checkfirst=True)
