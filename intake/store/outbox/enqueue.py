"""Submit: a patient's answers enter the outbox, once per id."""

from datetime import datetime

from sqlalchemy import select

from intake.answers import Submission
from intake.store import payload
from intake.store.database import Tx
from intake.store.outbox.merge_base import MergeBase, encrypt_merge_base
from intake.store.outbox.records import Status, patient_key
from intake.store.tables import submissions as table


class DifferentContentError(Exception):
    """The outbox already has a submission with this id, but with other content."""


def store_submission(
    tx: Tx,
    submission: Submission,
    server: str,
    visit: str | None = None,
    known: MergeBase | None = None,
    again: datetime | None = None,
    device: str | None = None,
) -> bool:
    """Store a submission for `server`; return False if it is stored already.

    `known` is the merge base of its visit. The patient is asked again at `again`, or at the next
    visit if it is None. `device` is the tablet's id.
    Raises DifferentContentError if the id is stored with other content, and KeyNotOnDiskError if
    the key in use is only in memory.
    """
    # A submission without its key on disk would be lost with this process.
    tx.cipher.verify_on_disk()
    content = payload.encode_submission(submission)
    identity = str(submission.id)
    # The hash outlives the payload, so that a repeated Submit is recognised after the erasure too.
    content_key = tx.cipher.keyed_hash("content", content.decode())
    values = {
        "id": identity,
        "clinic": submission.clinic,
        "server": server,
        "visit": visit,
        "patient_key": patient_key(tx, server, submission.patient),
        "content_key": content_key,
        "channel": submission.channel.value,
        "locale": submission.locale,
        "status": Status.QUEUED.value,
        "queued_at": tx.now,
        "due_at": tx.now,
        "payload": tx.cipher.encrypt(content, identity),
        "known": None if known is None else encrypt_merge_base(tx, known, identity),
        "again_at": again,
        "device": device,
    }
    if tx.insert_new(table, values):
        return True
    # A double tap sends the same content; other content under one id is a fault of the sender.
    query = select(table.c.content_key).where(table.c.id == identity)
    if tx.connection.execute(query).scalar_one() != content_key:
        raise DifferentContentError(f"submission {identity} is already stored, with other content")
    return False
