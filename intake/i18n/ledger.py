"""The ledger of the catalogs: who drafted each, who reviewed it, and when."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from intake.shipped import TRANSLATIONS


class LedgerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands behind a catalog: by whom and on which day, as in `Ana Ruiz, certified translator, 2026-12-01`."""

    drafted: str = ""
    reviewed: str = ""


def ledger_file(folder: Path = TRANSLATIONS) -> Path:
    """Return where the ledger is."""
    return folder / "ledger.toml"


def read_ledger(folder: Path = TRANSLATIONS) -> Mapping[str, LedgerEntry]:
    """Return the entry of each tag; raises OSError, or ValueError that says where in the file."""
    return {
        tag: _entry(tag, table)
        for tag, table in tomllib.loads(ledger_file(folder).read_text("utf-8")).items()
    }


def _entry(tag: str, table: object) -> LedgerEntry:
    try:
        return msgspec.convert(table, LedgerEntry)
    except msgspec.ValidationError as error:
        raise ValueError(f"[{tag}] {error}") from error
