"""Merge bases: what a visit knew of its patient when the questions began.

They are stored with the submission, because the visit itself is soon erased.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from intake.store.database import Tx


@dataclass(frozen=True, slots=True)
class MergeBase:
    """The visit's birth date and the chart's values at that time; None if unknown."""

    birth_date: date | None = None
    chart: Mapping[str, Any] | None = None


def encrypt_merge_base(tx: Tx, merge_base: MergeBase, identity: str) -> bytes:
    """Return the merge base encrypted for the submission `identity`."""
    return tx.cipher.encrypt(msgspec.json.encode(merge_base), identity)


def decrypt_merge_base(tx: Tx, encrypted: bytes | None, identity: str) -> MergeBase:
    """Return the stored merge base, an empty one if nothing is stored."""
    # Submissions from files have no merge base.
    if encrypted is None:
        return MergeBase()
    return msgspec.json.decode(tx.cipher.decrypt(encrypted, identity), type=MergeBase)
