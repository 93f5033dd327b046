"""The tables of the monitor: how servers answer, and what staff ask of the worker."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from intake.store.column_types import CutText, UtcDateTime
from intake.store.tables import metadata, partial_index, submissions

_HAS_REASON = submissions.c.reason.is_not(None)
_HAS_DEVICE = submissions.c.device.is_not(None)
list_indexes = (
    Index("submissions_clinic", submissions.c.clinic, submissions.c.number),
    Index(
        "submissions_clinic_status",
        submissions.c.clinic,
        submissions.c.status,
        submissions.c.number,
    ),
    Index("submissions_queued", submissions.c.queued_at, submissions.c.number),
    partial_index("submissions_device", _HAS_DEVICE, submissions.c.device, submissions.c.number),
    # It has every column of the groups by cause: few rows have a reason, but they can be many.
    partial_index(
        "submissions_reason",
        _HAS_REASON,
        submissions.c.reason,
        submissions.c.number,
        submissions.c.status,
        submissions.c.clinic,
        submissions.c.undo_from,
        submissions.c.queued_at,
    ),
)
"""With one index for each filter of the monitor, every page of a list costs the same."""

# What staff ask for all submissions of one cause; the worker does it in small steps.
group_actions = Table(
    "group_actions",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("action", String(20), nullable=False),
    Column("reason", String(80), nullable=False),
    Column("is_held", Boolean, nullable=False),
    Column("undoing", Boolean, nullable=False),
    Column("clinic", String(80)),
    Column("who", String(80), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    # Submissions up to `last_number` belong to the group; those up to `done_number` are done.
    Column("last_number", BigInteger, nullable=False),
    Column("done_number", BigInteger, nullable=False),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("finished_at", UtcDateTime),
)

# A reviewer's search for the chart of a held submission, and what the worker found.
chart_searches = Table(
    "chart_searches",
    metadata,
    Column("submission", String(36), primary_key=True),
    Column("server", String(80), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Column("words", CutText(1000)),
    Column("criteria", LargeBinary, nullable=False),
    Column("charts", LargeBinary),
)

# How a server, or a clinic's schedule, answered the last attempts.
contacts = Table(
    "contacts",
    metadata,
    Column("about", String(120), primary_key=True),
    Column("attempted_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("failing_since", UtcDateTime),
    Column("failures", Integer, nullable=False),
    Column("reason", String(80)),
)

# What each attempt asked of the server and got; repeated results share a row.
attempt_log = Table(
    "attempt_log",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("submission", String(36), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("times", Integer, nullable=False),
    Column("event", String(40), nullable=False),
    Column("reason", String(80)),
    Column("requests", LargeBinary, nullable=False),
)
Index("attempt_log_submission", attempt_log.c.submission, attempt_log.c.number)
Index("attempt_log_last", attempt_log.c.last_at)
