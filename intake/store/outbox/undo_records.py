"""Undo records: the prior values of a submission, stored encrypted with it.

The worker needs them to undo a submission, and to continue an attempt that broke off.
"""

from dataclasses import dataclass

import msgspec
from sqlalchemy import select

from intake.store.database import Tx
from intake.store.tables import submissions as table


@dataclass(frozen=True, slots=True)
class WriteTarget:
    """The Patient to which a submission was last sent, and the version that was merged into."""

    patient: str
    version: str


@dataclass(frozen=True, slots=True)
class UndoRecord:
    """The target of a submission and, as JSON text, the chart's prior values.

    The store does not read `values`: only the worker knows the resources in it.
    """

    # The field names are part of the stored JSON, so they stay.
    sent: WriteTarget
    values: str


def encrypt_undo_record(tx: Tx, undo_record: UndoRecord, identity: str) -> bytes:
    """Return the undo record encrypted for the submission `identity`."""
    return tx.cipher.encrypt(msgspec.json.encode(undo_record), identity)


def decrypt_undo_record(tx: Tx, encrypted: bytes, identity: str) -> UndoRecord:
    """Return the stored undo record of the submission `identity`."""
    return msgspec.json.decode(tx.cipher.decrypt(encrypted, identity), type=UndoRecord)


def read_undo_record(tx: Tx, identity: str) -> UndoRecord | None:
    """Return the stored undo record of a submission, None if it has none; raises KeyFileError."""
    encrypted = tx.connection.execute(
        select(table.c.earlier).where(table.c.id == identity)
    ).scalar()
    return None if encrypted is None else decrypt_undo_record(tx, encrypted, identity)
