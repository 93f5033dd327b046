"""The ledger of the catalogs: who drafted each, who reviewed it, and when."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from intake.shipped import TRANSLATIONS


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands behind a catalog: by whom and on which day, as in `Ana Ruiz, certified translator, 2026-12-01`."""

    drafted: str = ""
    reviewed: str = ""


def ledger_file(folder: Path = TRANSLATIONS) -> Path:
    """Return where the ledger is."""
    return folder / "ledger.toml"


def ledger(folder: Path = TRANSLATIONS) -> Mapping[str, Entry]:
    """Return the entry of each tag; raises OSError, TOMLDecodeError, or msgspec.ValidationError, which names the key."""
    tables = tomllib.loads(ledger_file(folder).read_text("utf-8"))
    return msgspec.convert(tables, dict[str, Entry])
