"""What a submission was written over: kept sealed with its row, for undo and for whoever goes on with a broken-off try."""

from dataclasses import dataclass

import msgspec

from intake.store.database import Tx


@dataclass(frozen=True, slots=True)
class WriteTarget:
    """Where a row was last sent: the Patient, and the version of it that was merged into."""

    patient: str
    version: str


@dataclass(frozen=True, slots=True)
class UndoRecord:
    """Where a row was sent, and as text what of the chart it changed: only whoever writes to charts can read that."""

    sent: WriteTarget
    values: str


def encrypt_undo_record(tx: Tx, earlier: UndoRecord, identity: str) -> bytes:
    """Return it sealed for the submission `identity`."""
    return tx.cipher.encrypt(msgspec.json.encode(earlier), identity)


def decrypt_undo_record(tx: Tx, held: bytes, identity: str) -> UndoRecord:
    """Return what was sealed."""
    return msgspec.json.decode(tx.cipher.decrypt(held, identity), type=UndoRecord)
