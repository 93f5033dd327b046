"""Makes the report: files in, suppressed numbers out."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from intake.report import files as ndjson
from intake.report.counts import count_rows
from intake.report.loader import MEMORY_LIMIT, load_tables, open_engine
from intake.report.metrics import build_rows, mask_count
from intake.report.population import find_members, place_encounters, read_organizations
from intake.report.states import find_states
from intake.report.values import (
    STANDARD_DEFINITION,
    TOTAL,
    BrokenLine,
    ClinicScope,
    Definition,
    Exclusion,
    LocalFact,
    Period,
    Report,
    RowCounts,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What a report is asked for.

    `clinics` are the rows; where none of them has an encounter in the files (`by_organization` None), or where that is
    asked for (True), every Organization that provided one is a row, its days in `time_zone`. `codes` maps CDCREC's
    codes to `race` or `ethnicity`.
    """

    period: Period
    as_of: datetime
    code_kinds: Mapping[str, str]
    clinics: Sequence[ClinicScope] = ()
    time_zone: str = "UTC"
    by_organization: bool | None = None
    definition: Definition = STANDARD_DEFINITION


@dataclass(frozen=True, slots=True)
class Tally:
    """The exact counts, which are for the making of reports alone: they are never kept and never shown."""

    rows: tuple[RowCounts, ...]
    exclusions: Mapping[tuple[str, str], int]
    snapshot: str
    newest_encounter: datetime | None
    broken: tuple[BrokenLine, ...]
    broken_lines: int


@dataclass(frozen=True, slots=True)
class BuiltReport:
    """The report, and the lines of its files that could not be read: the first thousand of each file are named."""

    report: Report
    broken: tuple[BrokenLine, ...]


def build_report(
    folder: Path, asked: ReportRequest, captured: Iterable[LocalFact] | None = None
) -> BuiltReport:
    """Make the report from a folder of NDJSON files.

    `captured` is what our own store knows, None where it was not asked. Raises UnreadableFilesError.
    """
    found = build_tally(folder, asked, captured or ())
    report = Report(
        as_of=asked.as_of,
        period=asked.period,
        definition=asked.definition,
        snapshot=found.snapshot,
        rows=build_rows(found.rows, captured=captured is not None),
        excluded=tuple(
            Exclusion(reason, unit, mask_count(number))
            for (reason, unit), number in found.exclusions.items()
        ),
        broken_lines=found.broken_lines,
        newest_encounter=found.newest_encounter,
    )
    return BuiltReport(report, found.broken)


def build_tally(
    folder: Path,
    asked: ReportRequest,
    captured: Iterable[LocalFact] = (),
    memory_limit: str = MEMORY_LIMIT,
) -> Tally:
    """Count exactly; raises UnreadableFilesError."""
    with open_engine(memory_limit) as (connection, spare):
        loaded = load_tables(connection, spare, ndjson.find_files(folder))
        clinics = _place(connection, asked)
        left_out = find_members(connection, asked.period)
        find_states(connection, asked.definition, asked.code_kinds, captured)
        rows = count_rows(connection, clinics, asked.definition, asked.as_of)
        if clinics is not asked.clinics:
            rows = tuple(row for row in rows if row.people or row.key == TOTAL)
        newest = _newest_encounter(connection)
        return Tally(
            rows, left_out, _snapshot(connection), newest, tuple(loaded.broken), loaded.broken_lines
        )


def _place(connection: "DuckDBPyConnection", asked: ReportRequest) -> Sequence[ClinicScope]:
    """Give the encounters their clinics, the configured ones or, where these do not fit, every Organization."""
    rows = () if asked.by_organization is False else read_organizations(connection, asked.time_zone)
    if asked.clinics and not asked.by_organization:
        found = place_encounters(connection, asked.clinics, asked.period)
        if found or not rows:
            return asked.clinics
    place_encounters(connection, rows, asked.period)
    return rows


def _snapshot(connection: "DuckDBPyConnection") -> str:
    """A hash over the flat tables, whatever the order of their rows: the same data, the same hash."""
    digest = hashlib.sha256()
    for table in ("patient", "encounter", "observation", "provenance", "place", "appointment"):
        rows = connection.execute(
            f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {table} AS t"  # noqa: S608
        ).fetchall()
        digest.update(f"{table}:{rows[0]}\n".encode())
    return digest.hexdigest()


def _newest_encounter(connection: "DuckDBPyConnection") -> datetime | None:
    """The start of the newest encounter in the files: how far the feed reaches."""
    seconds = connection.execute("SELECT epoch(max(start_at)) FROM encounter").fetchall()[0][0]
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
