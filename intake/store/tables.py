"""The tables, the same on SQLite and PostgreSQL.

Answers, names and birth dates are in encrypted columns. Column names are a stored format: they
stay, even where the code has a better word today (`taken`: superseded elements, `known`: merge
base, `earlier`: undo record, `decided`: decisions, `sealed`: encrypted).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    and_,
    or_,
)

from intake.store.column_types import CutText, UtcDateTime

metadata = MetaData()

submissions = Table(
    "submissions",
    metadata,
    # SQLite numbers rows by itself only if the key is a plain INTEGER.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("clinic", String(80), nullable=False),
    Column("server", String(80), nullable=False),
    Column("visit", String(36)),
    Column("patient_key", String(64), nullable=False),
    Column("content_key", String(64), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("locale", String(35), nullable=False),
    Column("status", String(16), nullable=False),
    Column("lease", String(36)),
    Column("leased_until", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("failing_since", UtcDateTime),
    Column("taken", String(200), nullable=False, default=""),
    Column("reason", String(80)),
    Column("words", CutText(1000)),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("accepted_at", UtcDateTime),
    Column("verified_at", UtcDateTime),
    Column("held_at", UtcDateTime),
    Column("typed_at", UtcDateTime),
    Column("payload", LargeBinary),
    Column("known", LargeBinary),
    Column("earlier", LargeBinary),
    Column("detail", LargeBinary),
    Column("decided", LargeBinary),
    # What the report counts after the answers are erased; no value.
    Column("facts", LargeBinary),
    # The state before the undo. If it is set, the row stands for the undo, not the submission.
    Column("undo_from", String(16)),
    Column("undo_at", UtcDateTime),
    Column("reversed_at", UtcDateTime),
    Column("drift", String(16)),
    # The chart has a value that the patient, asked about it, did not name.
    Column("says_more", Boolean),
    Column("checked_at", UtcDateTime),
    # The end of the re-ask interval; without it the patient is asked at the next visit.
    Column("again_at", UtcDateTime),
    # The tablet, None for a link or a file.
    Column("device", String(36)),
    # When an administrator chose to have the answers typed by hand.
    Column("by_hand_at", UtcDateTime),
)
Index("submissions_due", submissions.c.server, submissions.c.status, submissions.c.due_at)
Index("submissions_patient", submissions.c.server, submissions.c.patient_key, submissions.c.number)
Index("submissions_visit", submissions.c.visit)


def partial_index(name: str, condition: ColumnElement[bool], *columns: ColumnElement[Any]) -> Index:
    """Return an index of the rows that fulfil the condition.

    A query uses the index only if it contains the same condition.
    """
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


# Few rows are being undone, and the worker looks for them before each batch. A long queue of
# submissions must not slow that down.
submissions_undo = partial_index(
    "submissions_undo",
    submissions.c.undo_from.is_not(None),
    submissions.c.server,
    submissions.c.due_at,
)

HAS_ANSWERS = or_(
    submissions.c.payload.is_not(None),
    submissions.c.known.is_not(None),
    submissions.c.decided.is_not(None),
)
"""The condition that a row still contains answers, or values that show them."""
submissions_facts = partial_index(
    "submissions_facts", submissions.c.facts.is_not(None), submissions.c.verified_at
)
# The monitor runs these queries every half minute. Housekeeping runs its own every minute, under
# the lock that each Submit waits for.
submissions_says_more = partial_index(
    "submissions_says_more", submissions.c.says_more.is_(True), submissions.c.number
)
submissions_asked_for = (
    Index("submissions_status", submissions.c.status, submissions.c.number, submissions.c.clinic),
    partial_index(
        "submissions_verified",
        submissions.c.verified_at.is_not(None),
        submissions.c.server,
        submissions.c.verified_at,
    ),
    partial_index("submissions_drift", submissions.c.drift.is_not(None), submissions.c.number),
    submissions_says_more,
    partial_index(
        "submissions_words",
        and_(submissions.c.verified_at.is_not(None), HAS_ANSWERS),
        submissions.c.verified_at,
    ),
    partial_index(
        "submissions_earlier",
        submissions.c.earlier.is_not(None),
        submissions.c.verified_at,
        submissions.c.sent_at,
    ),
)

servers = Table(
    "servers",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("paused_since", UtcDateTime),
    Column("paused_until", UtcDateTime),
    Column("reason", String(80)),
    Column("words", CutText(1000)),
    Column("last_success", UtcDateTime),
    Column("worker_seen", UtcDateTime),
)

strategies = Table(
    "strategies",
    metadata,
    Column("server", String(80), primary_key=True),
    Column("basis", String(64), nullable=False),
    Column("rung", String(32), nullable=False),
    Column("parts", String(200), nullable=False),
    Column("batch", Boolean, nullable=False),
    Column("reasons", CutText(4000), nullable=False),
    Column("by_patient", String(200), nullable=False, server_default=""),
    Column("pinned_at", UtcDateTime, nullable=False),
    Column("proven_at", UtcDateTime),
)

visits = Table(
    "visits",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("clinic", String(80), nullable=False),
    Column("server", String(80), nullable=False),
    Column("source_key", String(64), nullable=False, unique=True),
    Column("birth_key", String(64), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("gaps", String(200), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    # The state of patient matching, for a walk-in, which the desk adds.
    Column("sought", String(8)),
)
Index("visits_day", visits.c.clinic, visits.c.starts_at)
Index("visits_birth", visits.c.clinic, visits.c.birth_key, visits.c.starts_at)

fetches = Table(
    "fetches",
    metadata,
    Column("clinic", String(80), primary_key=True),
    Column("fetched_at", UtcDateTime, nullable=False),
)

codes = Table(
    "codes",
    metadata,
    Column("code_key", String(64), primary_key=True),
    Column("clinic", String(80), nullable=False),
    Column("visit", ForeignKey("visits.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("device", String(36)),
)

devices = Table(
    "devices",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("clinic", String(80), nullable=False),
    Column("label", String(80), nullable=False),
    Column("invite_key", String(64), unique=True),
    Column("invited_until", UtcDateTime),
    Column("token_key", String(64), unique=True),
    Column("paired_at", UtcDateTime),
    Column("last_seen", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

links = Table(
    "links",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("token_key", String(64), nullable=False, unique=True),
    Column("visit", ForeignKey("visits.id", ondelete="CASCADE"), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("device_key", String(64)),
    Column("used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

drafts = Table(
    "drafts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("token_key", String(64), nullable=False, unique=True),
    Column("clinic", String(80), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("visit", String(36), nullable=False),
    Column("device", String(36)),
    Column("link", String(36)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("touched_at", UtcDateTime, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("password", String(300)),
    Column("roles", String(120), nullable=False),
    Column("once_key", String(64), unique=True),
    Column("once_until", UtcDateTime),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("practitioner", String(80)),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("token_key", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("once", Boolean, nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("handed", LargeBinary),
)
Index("sign_ins_user", sign_ins.c.user_id)

attempts = Table(
    "attempts",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("what", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
Index("attempts_what", attempts.c.what, attempts.c.at)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(80), nullable=False),
    Column("action", String(80), nullable=False),
    Column("subject", String(120)),
)
audit_at = Index("audit_at", audit.c.at)

site_values = Table(
    "site_values",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
