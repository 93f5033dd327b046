"""The tables that only the completeness report reads."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table

from intake.store.column_types import UtcDateTime
from intake.store.tables import metadata

# Monthly counts, never a row per patient. `before` and `after` are groups such as `2106-3`.
chart_changes = Table(
    "chart_changes",
    metadata,
    Column("clinic", String(80), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("element", String(40), primary_key=True),
    Column("before", String(80), primary_key=True),
    Column("after", String(80), primary_key=True),
    Column("people", Integer, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("period", String(40), nullable=False),
    Column("edition", String(16), nullable=False, server_default="internal"),
    Column("made_at", UtcDateTime, nullable=False),
    Column("snapshot", LargeBinary, nullable=False),
)
