"""Chart searches: a reviewer looks for the right chart of a held submission.

The search is a row. The worker asks the server, and the reviewer sees the charts later.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, insert, select, update

from intake.answers import MatchCriteria
from intake.store import payload
from intake.store.database import Tx
from intake.store.monitor_tables import chart_searches as table
from intake.store.outbox.held_reasons import HeldReason
from intake.store.outbox.merge_base import MergeBase, decrypt_merge_base, encrypt_merge_base
from intake.store.outbox.records import (
    RECORD_COLUMNS,
    Status,
    SubmissionRecord,
    patient_key,
    record_from_row,
)
from intake.store.outbox.retry import requeue_values
from intake.store.tables import submissions

CHOOSABLE_REASONS = (HeldReason.UNMATCHED, HeldReason.PATIENT)
"""The reasons that another chart can end."""
_CHOOSABLE = (
    submissions.c.status == Status.HELD.value,
    submissions.c.undo_from.is_(None),
    submissions.c.reason.in_([reason.value for reason in CHOOSABLE_REASONS]),
    submissions.c.payload.is_not(None),
    # An earlier attempt may have written to the first chart: an undo comes first.
    submissions.c.sent_at.is_(None),
)
RETENTION = timedelta(days=1)
"""The found charts are other people's, too: they stay no longer than the task takes."""


@dataclass(frozen=True, slots=True)
class ChartCriteria:
    """What a reviewer searches by: a record number, or a family name with a birth date."""

    system: str
    record_number: str = ""
    family_name: str = ""
    birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class CandidateChart:
    """A chart that a search found, with what tells one person from another."""

    reference: str
    name: str
    birth_date: str
    gender: str
    record_number: str


@dataclass(frozen=True, slots=True)
class ChartSearch:
    """A search: open until `done_at`; then `charts`, or `words` that say why there are none."""

    submission: str
    server: str
    criteria: ChartCriteria
    asked_at: datetime
    done_at: datetime | None
    words: str | None
    charts: tuple[CandidateChart, ...]


@dataclass(frozen=True, slots=True)
class PatientHint:
    """What a held submission knows of its patient: a reviewer may see it, IT may not."""

    reference: str
    record_number: str
    birth_date: date | None


def can_choose_chart(tx: Tx, identity: str) -> bool:
    """Return whether another chart can be chosen for the submission."""
    return tx.connection.execute(select(submissions.c.id).where(*_awaits(identity))).scalar() == (
        identity
    )


def list_choosable(tx: Tx) -> tuple[SubmissionRecord, ...]:
    """Return the submissions for which a reviewer can choose a chart, oldest first."""
    query = select(*RECORD_COLUMNS).where(*_CHOOSABLE).order_by(submissions.c.held_at)
    return tuple(record_from_row(tx, row) for row in tx.connection.execute(query))


def _awaits(identity: str) -> tuple[ColumnElement[bool], ...]:
    return (submissions.c.id == identity, *_CHOOSABLE)


def read_patient_hint(tx: Tx, identity: str) -> PatientHint:
    """Return what the submission knows of its patient; raises KeyFileError."""
    query = select(submissions.c.payload, submissions.c.known).where(submissions.c.id == identity)
    row = tx.connection.execute(query).one()
    patient = payload.decode_unchecked(tx.cipher.decrypt(row.payload, identity)).patient
    criteria = MatchCriteria.from_reference(patient)
    if criteria is not None:
        return PatientHint("", criteria.record_number, criteria.birth_date)
    return PatientHint(patient, "", decrypt_merge_base(tx, row.known, identity).birth_date)


def request_search(tx: Tx, identity: str, server: str, criteria: ChartCriteria) -> bool:
    """Queue a search for the submission's chart; return False if none can be chosen for it."""
    if not can_choose_chart(tx, identity):
        return False
    tx.connection.execute(delete(table).where(table.c.submission == identity))
    values = {
        "submission": identity,
        "server": server,
        "asked_at": tx.now,
        "criteria": tx.cipher.encrypt(msgspec.json.encode(criteria), identity),
    }
    tx.connection.execute(insert(table).values(values))
    return True


def read_search(tx: Tx, identity: str) -> ChartSearch | None:
    """Return the newest search for the submission's chart; raises KeyFileError."""
    row = tx.connection.execute(select(table).where(table.c.submission == identity)).first()
    return None if row is None else _decrypt_search(tx, row)


def list_open_searches(tx: Tx, server: str) -> tuple[ChartSearch, ...]:
    """Return the searches that the worker has to make at the server."""
    query = select(table).where(table.c.server == server, table.c.done_at.is_(None))
    rows = tx.connection.execute(query.order_by(table.c.asked_at))
    return tuple(_decrypt_search(tx, row) for row in rows)


def finish_search(
    tx: Tx, search: ChartSearch, charts: tuple[CandidateChart, ...], words: str = ""
) -> None:
    """Store what the search found."""
    values = {
        "done_at": tx.now,
        "words": words or None,
        "charts": tx.cipher.encrypt(msgspec.json.encode(charts), search.submission),
    }
    # The reviewer may have searched again since: the newer search stays open.
    is_same = (table.c.submission == search.submission, table.c.asked_at == search.asked_at)
    tx.connection.execute(update(table).where(*is_same).values(values))


def choose_chart(tx: Tx, identity: str, reference: str) -> bool:
    """Give the submission a chart that its search found, and make it due.

    Return False if the search did not find the chart, or if none can be chosen any longer.
    """
    search = read_search(tx, identity)
    chart = next(
        (chart for chart in (search.charts if search else ()) if chart.reference == reference), None
    )
    row = tx.connection.execute(select(submissions).where(*_awaits(identity))).first()
    if chart is None or row is None:
        return False
    submission = replace(
        payload.decode_unchecked(tx.cipher.decrypt(row.payload, identity)), patient=reference
    )
    values = {
        "payload": tx.cipher.encrypt(payload.encode_submission(submission), identity),
        "patient_key": patient_key(tx, row.server, reference),
        # The visit knew another chart, or none.
        "known": encrypt_merge_base(tx, MergeBase(_parse_day(chart.birth_date)), identity),
    }
    query = update(submissions).where(*_awaits(identity))
    is_chosen = tx.connection.execute(query.values(**requeue_values(tx), **values)).rowcount == 1
    tx.connection.execute(delete(table).where(table.c.submission == identity))
    return is_chosen


def erase_searches(tx: Tx) -> int:
    """Erase old searches; return their number."""
    return tx.connection.execute(
        delete(table).where(table.c.asked_at < tx.now - RETENTION)
    ).rowcount


def _parse_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _decrypt_search(tx: Tx, row: Any) -> ChartSearch:
    criteria = tx.cipher.decrypt(row.criteria, row.submission)
    charts = b"[]" if row.charts is None else tx.cipher.decrypt(row.charts, row.submission)
    return ChartSearch(
        row.submission,
        row.server,
        msgspec.json.decode(criteria, type=ChartCriteria),
        row.asked_at,
        row.done_at,
        row.words,
        msgspec.json.decode(charts, type=tuple[CandidateChart, ...]),
    )
