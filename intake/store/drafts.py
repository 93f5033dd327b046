"""Answers on their way: one sealed row while a patient is at the pages, gone with Submit or when they go away."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from intake.answers import Answer, Channel, Informant, State, Submission
from intake.store import submissions
from intake.store.database import Tx
from intake.store.known import Known
from intake.store.tables import drafts as table
from intake.store.visits import Visit

BY_TOKEN = select(table).where(table.c.token_key == bindparam("token"))
"""Built once, for every page asks it."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A page's form that could not be taken yet, or that asked for a search: shown again with what was typed."""

    values: Mapping[str, tuple[str, ...]]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """Whose answers these are, kept with them: a visit can leave the schedule while its patient is at the pages."""

    server: str
    patient: str
    appointment: str | None = None
    encounter: str | None = None
    known: Known = field(default_factory=Known)


@dataclass(frozen=True, slots=True)
class DraftState:
    """What a patient has said so far; `submission` is the id that it will be sent under, made once.

    `seen` are the places that were left with Continue; `pending` are forms by place.
    """

    locale: str
    submission: UUID
    bound: Bound
    informant: Informant | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    seen: tuple[str, ...] = ()
    pending: Mapping[str, Pending] = field(default_factory=dict)


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
    state: State
    choices: tuple[str, ...]
    write_ins: dict[str, str]


class _StateJson(msgspec.Struct, frozen=True):
    locale: str
    submission: UUID
    bound: Bound
    informant: Informant | None
    answers: dict[str, _AnswerJson]
    seen: tuple[str, ...]
    pending: dict[str, Pending]


def start(
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
    bound = Bound(
        visit.server,
        visit.patient,
        visit.appointment,
        visit.encounter,
        Known(visit.birth_date, visit.base),
    )
    state = DraftState(locale, uuid4(), bound)
    values = {
        "id": identity,
        "token_key": tx.cipher.keyed("draft", token),
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


def by_token(tx: Tx, token: str) -> Draft | None:
    """Return the draft whose token the browser carries."""
    row = tx.connection.execute(BY_TOKEN, {"token": tx.cipher.keyed("draft", token)}).first()
    return None if row is None else _draft(tx, row)


def of_link(tx: Tx, link: str) -> Draft | None:
    """Return the draft that was begun through the link."""
    row = tx.connection.execute(select(table).where(table.c.link == link)).first()
    return None if row is None else _draft(tx, row)


def renew(tx: Tx, draft: Draft) -> str:
    """Return a new token for a draft, for the browser that comes back to it; the old token opens nothing any more."""
    token = secrets.token_urlsafe(32)
    values = {"token_key": tx.cipher.keyed("draft", token), "touched_at": tx.now}
    tx.connection.execute(update(table).where(table.c.id == draft.id).values(values))
    return token


def touch(tx: Tx, draft: Draft) -> None:
    """Note that the patient is still there."""
    tx.connection.execute(update(table).where(table.c.id == draft.id).values(touched_at=tx.now))


def save(tx: Tx, draft: Draft, state: DraftState) -> bool:
    """Keep the new state; False where the draft is gone."""
    values = {"sealed": _seal(tx, draft.id, state), "touched_at": tx.now}
    return (
        tx.connection.execute(update(table).where(table.c.id == draft.id).values(values)).rowcount
        == 1
    )


def drop(tx: Tx, identity: str) -> bool:
    """Wipe a draft; False where it is gone."""
    return tx.connection.execute(delete(table).where(table.c.id == identity)).rowcount == 1


def submit(tx: Tx, draft: Draft, submission: Submission, again: datetime | None = None) -> bool:
    """Store the submission, whose person is asked again at `again`, and wipe the draft; False where it was stored before."""
    bound = draft.state.bound
    stored = submissions.submit(tx, submission, bound.server, draft.visit, bound.known, again)
    drop(tx, draft.id)
    return stored


def drop_idle(tx: Tx, *, kiosk: timedelta, others: timedelta) -> int:
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
        bound=state.bound,
        informant=state.informant,
        answers=answers,
        seen=state.seen,
        pending=dict(state.pending),
    )
    return tx.cipher.seal(msgspec.json.encode(held), identity)


def _draft(tx: Tx, row: Any) -> Draft:
    held = msgspec.json.decode(tx.cipher.open(row.sealed, row.id), type=_StateJson)
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
