"""The ledger of the catalogs: the drafter and the reviewer of each, with dates."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from intake.shipped import TRANSLATIONS


class LedgerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One catalog's entry: each text is a name and a day.

    An example is `Ana Ruiz, certified translator, 2026-12-01`.
    """

    drafted: str = ""
    reviewed: str = ""


def ledger_file(folder: Path = TRANSLATIONS) -> Path:
    """Return the path of the ledger."""
    return folder / "ledger.toml"


def read_ledger(folder: Path = TRANSLATIONS) -> Mapping[str, LedgerEntry]:
    """Return the entry of each tag.

    Raises OSError, or a ValueError that names the place in the file.
    """
    tables = tomllib.loads(ledger_file(folder).read_text("utf-8"))
    return {tag: _read_entry(tag, table) for tag, table in tables.items()}


def _read_entry(tag: str, table: object) -> LedgerEntry:
    try:
        return msgspec.convert(table, LedgerEntry)
    except msgspec.ValidationError as error:
        # msgspec names the key only; the administrator also needs the table.
        raise ValueError(f"[{tag}] {error}") from error
