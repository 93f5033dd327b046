"""What a visit knew of its patient when they began to answer: kept with the answers, for the visit's own row is soon gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from intake.store.database import Tx


@dataclass(frozen=True, slots=True)
class MergeBase:
    """The birth date that the visit was found by, and what the chart said then; None where it was not known."""

    birth_date: date | None = None
    chart: Mapping[str, Any] | None = None


def encrypt_merge_base(tx: Tx, known: MergeBase, identity: str) -> bytes:
    """Return it sealed for the submission `identity`."""
    return tx.cipher.encrypt(msgspec.json.encode(known), identity)


def decrypt_merge_base(tx: Tx, held: bytes | None, identity: str) -> MergeBase:
    """Return what was sealed; where nothing was, nothing is known."""
    return (
        MergeBase()
        if held is None
        else msgspec.json.decode(tx.cipher.decrypt(held, identity), type=MergeBase)
    )
