"""Drafts: a patient's answers between the first page and Submit, one encrypted row per patient.

A draft is erased by Submit, and when the patient leaves or stays idle.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from intake.answers import Answer, AnswerState, Channel, Informant, Submission
from intake.store import codes
from intake.store.database import Tx
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.merge_base import MergeBase
from intake.store.tables import drafts as table
from intake.store.visits import Visit

BY_TOKEN = select(table).where(table.c.token_key == bindparam("token"))
"""Built once, because every page runs it."""


@dataclass(frozen=True, slots=True)
class PendingForm:
    """A form with faults, or one that asked for a search: its page shows it again as typed."""

    values: Mapping[str, tuple[str, ...]]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitContext:
    """The visit's patient and merge base.

    They are stored with the draft, because a visit can leave the schedule before Submit.
    """

    server: str
    patient: str
    appointment: str | None = None
    encounter: str | None = None
    known: MergeBase = field(default_factory=MergeBase)


@dataclass(frozen=True, slots=True)
class DraftState:
    """The answers so far; `submission` is the id of the later submission.

    `seen` are the steps that the patient left with Continue. `pending` are forms by step.
    """

    locale: str
    submission: UUID
    visit_context: VisitContext
    informant: Informant | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    seen: tuple[str, ...] = ()
    pending: Mapping[str, PendingForm] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """One patient's draft for one visit."""

    id: str
    clinic: str
    visit: str
    channel: Channel
    device: str | None
    link: str | None
    touched_at: datetime
    state: DraftState


class _AnswerJson(msgspec.Struct, frozen=True):
    state: AnswerState
    choices: tuple[str, ...]
    write_ins: dict[str, str]


class _StateJson(msgspec.Struct, frozen=True):
    locale: str
    submission: UUID
    bound: VisitContext
    informant: Informant | None
    answers: dict[str, _AnswerJson]
    seen: tuple[str, ...]
    pending: dict[str, PendingForm]


def start_draft(
    tx: Tx,
    visit: Visit,
    *,
    channel: Channel,
    locale: str,
    device: str | None = None,
    link: str | None = None,
) -> tuple[Draft, str]:
    """Start a draft for the visit; return it and the browser's token.

    An earlier draft for the visit is erased.
    """
    # Two drafts for one visit could both be submitted, with different answers.
    tx.connection.execute(delete(table).where(table.c.visit == visit.id))
    identity, token = str(uuid4()), secrets.token_urlsafe(32)
    visit_context = VisitContext(
        visit.server,
        visit.patient,
        visit.appointment,
        visit.encounter,
        MergeBase(visit.birth_date, visit.base),
    )
    # The id is made here, once: pressing Submit twice stores one submission.
    state = DraftState(locale, uuid4(), visit_context)
    values = {
        "id": identity,
        "token_key": tx.cipher.keyed_hash("draft", token),
        "clinic": visit.clinic,
        "channel": channel.value,
        "visit": visit.id,
        "device": device,
        "link": link,
        "created_at": tx.now,
        "touched_at": tx.now,
        "sealed": _encrypt_state(tx, identity, state),
    }
    tx.connection.execute(insert(table).values(values))
    return Draft(identity, visit.clinic, visit.id, channel, device, link, tx.now, state), token


def find_by_token(tx: Tx, token: str) -> Draft | None:
    """Return the draft with this browser token, None if there is none."""
    row = tx.connection.execute(BY_TOKEN, {"token": tx.cipher.keyed_hash("draft", token)}).first()
    return None if row is None else _decrypt_draft(tx, row)


def find_by_link(tx: Tx, link: str) -> Draft | None:
    """Return the draft that was started through this link, None if there is none."""
    row = tx.connection.execute(select(table).where(table.c.link == link)).first()
    return None if row is None else _decrypt_draft(tx, row)


def renew_token(tx: Tx, draft: Draft) -> str:
    """Return a new token for a browser that returns to a draft; the old token stops working."""
    # A copy of the old token, in another browser or a history, must not open the answers.
    token = secrets.token_urlsafe(32)
    values = {"token_key": tx.cipher.keyed_hash("draft", token), "touched_at": tx.now}
    tx.connection.execute(update(table).where(table.c.id == draft.id).values(values))
    return token


def touch_draft(tx: Tx, draft: Draft) -> None:
    """Record that the patient is still there."""
    tx.connection.execute(update(table).where(table.c.id == draft.id).values(touched_at=tx.now))


def save_state(tx: Tx, draft: Draft, state: DraftState) -> bool:
    """Store the new state; return False if the draft is gone."""
    values = {"sealed": _encrypt_state(tx, draft.id, state), "touched_at": tx.now}
    query = update(table).where(table.c.id == draft.id).values(values)
    return tx.connection.execute(query).rowcount == 1


def drop_draft(tx: Tx, identity: str) -> bool:
    """Erase a draft; return False if it is gone."""
    return tx.connection.execute(delete(table).where(table.c.id == identity)).rowcount == 1


def submit_draft(
    tx: Tx, draft: Draft, submission: Submission, again: datetime | None = None
) -> bool:
    """Store the submission and erase the draft; return False if it was stored before.

    The patient is asked again at `again`, or at the next visit if it is None.
    """
    visit_context = draft.state.visit_context
    # Both happen in the caller's transaction: no answer is lost or kept twice after a crash.
    stored = store_submission(
        tx,
        submission,
        visit_context.server,
        draft.visit,
        visit_context.known,
        again,
        device=draft.device,
    )
    drop_draft(tx, draft.id)
    codes.close_codes(tx, draft.visit)
    return stored


def drop_idle_drafts(tx: Tx, *, kiosk: timedelta, others: timedelta) -> int:
    """Erase drafts that were idle for so long; return their number."""
    # The next person sees a tablet's screen, so its drafts go sooner than those on own devices.
    limits = (
        (table.c.channel == Channel.KIOSK, kiosk),
        (table.c.channel != Channel.KIOSK, others),
    )
    queries = [
        delete(table).where(is_of_channel, table.c.touched_at <= tx.now - idle)
        for is_of_channel, idle in limits
    ]
    return sum(tx.connection.execute(query).rowcount for query in queries)


def _encrypt_state(tx: Tx, identity: str, state: DraftState) -> bytes:
    answers = {
        question: _AnswerJson(answer.state, answer.choices, dict(answer.write_ins))
        for question, answer in state.answers.items()
    }
    stored_state = _StateJson(
        locale=state.locale,
        submission=state.submission,
        bound=state.visit_context,
        informant=state.informant,
        answers=answers,
        seen=state.seen,
        pending=dict(state.pending),
    )
    return tx.cipher.encrypt(msgspec.json.encode(stored_state), identity)


def _decrypt_draft(tx: Tx, row: Any) -> Draft:
    plain = tx.cipher.decrypt(row.sealed, row.id)
    stored_state = msgspec.json.decode(plain, type=_StateJson)
    state = DraftState(
        stored_state.locale,
        stored_state.submission,
        stored_state.bound,
        stored_state.informant,
        {
            question: Answer(answer.state, answer.choices, answer.write_ins)
            for question, answer in stored_state.answers.items()
        },
        stored_state.seen,
        stored_state.pending,
    )
    return Draft(
        row.id,
        row.clinic,
        row.visit,
        Channel(row.channel),
        row.device,
        row.link,
        row.touched_at,
        state,
    )
