"""Makes the report: files in, suppressed numbers out."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from intake.report import files as ndjson
from intake.report.counting import count
from intake.report.loading import MEMORY_LIMIT, engine, load
from intake.report.metrics import results, shown_alone
from intake.report.population import find_members, organizations_seen, place_encounters
from intake.report.states import find_states
from intake.report.values import TOTAL, BrokenLine, Captured, ClinicScope, Definition, Exclusion, Period, Report

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Made:
    """The report, and the lines of its files that could not be read: the first thousand of each file are named."""

    report: Report
    broken: tuple[BrokenLine, ...]


def make(
    folder: Path,
    period: Period,
    *,
    as_of: datetime,
    codes: Mapping[str, str],
    clinics: Sequence[ClinicScope] = (),
    time_zone: str = "UTC",
    by_organization: bool | None = None,
    captured: Iterable[Captured] | None = None,
    definition: Definition | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> Made:
    """Make the report from a folder of NDJSON files.

    `clinics` are the rows; where none of them has an encounter in the files (`by_organization` None), or where that
    is asked for (True), every Organization that provided one is a row, its days in `time_zone`. `codes` maps CDCREC's
    codes to `race` or `ethnicity`. `captured` is what our own store knows, None where it was not asked.
    Raises UnreadableFilesError.
    """
    definition = definition or Definition()
    with engine(memory_limit) as (connection, spare):
        loaded = load(connection, spare, ndjson.find(folder))
        rows = _place(connection, clinics, period, time_zone, by_organization)
        left_out = find_members(connection, period)
        find_states(connection, definition, codes, captured or ())
        counts = count(connection, rows, definition, as_of)
        if rows is not clinics:
            counts = tuple(row for row in counts if row.people or row.key == TOTAL)
        report = Report(
            as_of=as_of,
            period=period,
            definition=definition,
            snapshot=_snapshot(connection),
            rows=results(counts, captured=captured is not None),
            excluded=tuple(Exclusion(reason, unit, shown_alone(number)) for (reason, unit), number in left_out.items()),
            broken_lines=loaded.broken_lines,
            newest_encounter=_newest_encounter(connection),
        )
    return Made(report, tuple(loaded.broken))


def _place(
    connection: "DuckDBPyConnection",
    clinics: Sequence[ClinicScope],
    period: Period,
    time_zone: str,
    by_organization: bool | None,
) -> Sequence[ClinicScope]:
    if not by_organization and clinics:
        found = place_encounters(connection, clinics, period)
        if found or by_organization is False:
            return clinics
    rows = organizations_seen(connection, time_zone)
    place_encounters(connection, rows, period)
    return rows


def _snapshot(connection: "DuckDBPyConnection") -> str:
    """A hash over the flat tables, whatever the order of their rows: the same data, the same hash."""
    digest = hashlib.sha256()
    for table in ("patient", "encounter", "observation", "provenance", "place", "appointment"):
        rows = connection.execute(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {table} AS t").fetchall()  # noqa: S608
        digest.update(f"{table}:{rows[0]}\n".encode())
    return digest.hexdigest()


def _newest_encounter(connection: "DuckDBPyConnection") -> datetime | None:
    """The start of the newest encounter in the files: how far the feed reaches."""
    seconds = connection.execute("SELECT epoch(max(start_at)) FROM encounter").fetchall()[0][0]
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
