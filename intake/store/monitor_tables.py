"""The tables of the monitor: how servers answer, and what staff ask of the worker."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from intake.store.column_types import CutText, UtcDateTime
from intake.store.tables import metadata

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
