"""Answers on their way: one sealed row while a patient is at the pages, gone with Submit or when they go away."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from intake.answers import Answer, AnswerState, Channel, Informant, Submission
from intake.store.database import Tx
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.merge_base import MergeBase
from intake.store.tables import drafts as table
from intake.store.visits import Visit

BY_TOKEN = select(table).where(table.c.token_key == bindparam("token"))
"""Built once, for every page asks it."""


@dataclass(frozen=True, slots=True)
class PendingForm:
    """A page's form that could not be taken yet, or that asked for a search: shown again with what was typed."""

    values: Mapping[str, tuple[str, ...]]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitContext:
    """Whose answers these are, kept with them: a visit can leave the schedule while its patient is at the pages."""

    server: str
    patient: str
    appointment: str | None = None
    encounter: str | None = None
    known: MergeBase = field(default_factory=MergeBase)


@dataclass(frozen=True, slots=True)
class DraftState:
    """What a patient has said so far; `submission` is the id that it will be sent under, made once.

    `seen` are the places that were left with Continue; `pending` are forms by place.
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
    """One patient at the pages, bound to one visit."""

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
    """Begin a draft for the visit, and wipe one begun before; returns it and the token that the browser carries."""
    tx.connection.execute(delete(table).where(table.c.visit == visit.id))
    identity, token = str(uuid4()), secrets.token_urlsafe(32)
    bound = VisitContext(
        visit.server,
        visit.patient,
        visit.appointment,
        visit.encounter,
        MergeBase(visit.birth_date, visit.base),
    )
    state = DraftState(locale, uuid4(), bound)
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
        "sealed": _seal(tx, identity, state),
    }
    tx.connection.execute(insert(table).values(values))
    return Draft(identity, visit.clinic, visit.id, channel, device, link, tx.now, state), token


def find_by_token(tx: Tx, token: str) -> Draft | None:
    """Return the draft whose token the browser carries."""
    row = tx.connection.execute(BY_TOKEN, {"token": tx.cipher.keyed_hash("draft", token)}).first()
    return None if row is None else _draft(tx, row)


def find_by_link(tx: Tx, link: str) -> Draft | None:
    """Return the draft that was begun through the link."""
    row = tx.connection.execute(select(table).where(table.c.link == link)).first()
    return None if row is None else _draft(tx, row)


def renew_token(tx: Tx, draft: Draft) -> str:
    """Return a new token for a draft, for the browser that comes back to it; the old token opens nothing any more."""
    token = secrets.token_urlsafe(32)
    values = {"token_key": tx.cipher.keyed_hash("draft", token), "touched_at": tx.now}
    tx.connection.execute(update(table).where(table.c.id == draft.id).values(values))
    return token


def touch_draft(tx: Tx, draft: Draft) -> None:
    """Note that the patient is still there."""
    tx.connection.execute(update(table).where(table.c.id == draft.id).values(touched_at=tx.now))


def save_state(tx: Tx, draft: Draft, state: DraftState) -> bool:
    """Keep the new state; False where the draft is gone."""
    values = {"sealed": _seal(tx, draft.id, state), "touched_at": tx.now}
    return (
        tx.connection.execute(update(table).where(table.c.id == draft.id).values(values)).rowcount
        == 1
    )


def drop_draft(tx: Tx, identity: str) -> bool:
    """Wipe a draft; False where it is gone."""
    return tx.connection.execute(delete(table).where(table.c.id == identity)).rowcount == 1


def submit_draft(
    tx: Tx, draft: Draft, submission: Submission, again: datetime | None = None
) -> bool:
    """Store the submission, whose person is asked again at `again`, and wipe the draft; False where it was stored before."""
    bound = draft.state.visit_context
    stored = store_submission(tx, submission, bound.server, draft.visit, bound.known, again)
    drop_draft(tx, draft.id)
    return stored


def drop_idle_drafts(tx: Tx, *, kiosk: timedelta, others: timedelta) -> int:
    """Wipe drafts nobody touched for so long; returns how many."""
    done = 0
    for mine, after in (
        (table.c.channel == Channel.KIOSK, kiosk),
        (table.c.channel != Channel.KIOSK, others),
    ):
        done += tx.connection.execute(
            delete(table).where(mine, table.c.touched_at <= tx.now - after)
        ).rowcount
    return done


def _seal(tx: Tx, identity: str, state: DraftState) -> bytes:
    answers = {
        key: _AnswerJson(each.state, each.choices, dict(each.write_ins))
        for key, each in state.answers.items()
    }
    held = _StateJson(
        locale=state.locale,
        submission=state.submission,
        bound=state.visit_context,
        informant=state.informant,
        answers=answers,
        seen=state.seen,
        pending=dict(state.pending),
    )
    return tx.cipher.encrypt(msgspec.json.encode(held), identity)


def _draft(tx: Tx, row: Any) -> Draft:
    held = msgspec.json.decode(tx.cipher.decrypt(row.sealed, row.id), type=_StateJson)
    answers = {
        key: Answer(each.state, each.choices, each.write_ins) for key, each in held.answers.items()
    }
    state = DraftState(
        held.locale, held.submission, held.bound, held.informant, answers, held.seen, held.pending
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
