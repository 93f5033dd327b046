"""Builds the report: files in, suppressed numbers out."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from intake.report.counts import count_rows
from intake.report.files import find_files, stamp_files
from intake.report.labels import describe_missing
from intake.report.loader import MEMORY_LIMIT, load_tables, open_engine
from intake.report.metrics import build_rows, withhold_count
from intake.report.periods import NotClosedError, is_closed
from intake.report.population import find_members, place_encounters, read_organizations
from intake.report.states import count_placeholders, find_states
from intake.report.values import (
    STANDARD_DEFINITION,
    TOTAL,
    BrokenLine,
    ClinicScope,
    Definition,
    Edition,
    Exclusion,
    LocalFact,
    MissingPart,
    Period,
    PlaceholderCount,
    Report,
    RowCounts,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class IncompleteFilesError(ValueError):
    """A part of the data is missing, so that no total can be right."""

    def __init__(self, missing: Sequence[MissingPart]) -> None:
        """Take the missing parts, at least one."""
        super().__init__(
            "; ".join(map(describe_missing, missing))
            + ". No total can be right without it: fetch the files again."
        )
        self.missing = tuple(missing)


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What a report is to count.

    `clinics` are the rows. `by_organization` makes a row of every Organization that provided an
    encounter, with its days in `time_zone`: True always, False never, None where no encounter in
    the files belongs to a clinic. `code_kinds` maps each CDCREC code to `race` or `ethnicity`.
    `allow_partial` counts what is there even if a part of a file is missing.
    """

    period: Period
    as_of: datetime
    code_kinds: Mapping[str, str]
    clinics: Sequence[ClinicScope] = ()
    time_zone: str = "UTC"
    by_organization: bool | None = None
    definition: Definition = STANDARD_DEFINITION
    allow_partial: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """The exact counts, from which both editions are built."""

    rows: tuple[RowCounts, ...]
    exclusions: Mapping[tuple[str, str], int]
    snapshot: str
    newest_encounter: datetime | None
    broken: tuple[BrokenLine, ...]
    broken_lines: int
    missing: tuple[MissingPart, ...]
    placeholders: tuple[PlaceholderCount, ...]


@dataclass(frozen=True, slots=True)
class BuiltReport:
    """The report, and the first thousand unreadable lines of each of its files."""

    report: Report
    broken: tuple[BrokenLine, ...]


def build_report(
    folder: Path,
    request: ReportRequest,
    local_facts: Iterable[LocalFact] | None = None,
    edition: Edition = Edition.INTERNAL,
) -> BuiltReport:
    """Build the report from a folder of NDJSON files.

    Raises UnreadableFilesError, IncompleteFilesError unless the request allows a part, and
    NotClosedError for an edition to share of a period that is still running.
    `local_facts` is what our own store knows, None where the store was not read.
    """
    check_edition(request, edition)
    tally = build_tally(folder, request, local_facts or ())
    report = build_edition(tally, request, edition, with_local_facts=local_facts is not None)
    return BuiltReport(report, tally.broken)


def check_edition(request: ReportRequest, edition: Edition) -> None:
    """Raise NotClosedError unless the request can have this edition."""
    today = request.as_of.astimezone(ZoneInfo(request.time_zone)).date()
    if edition is Edition.SHARE and not is_closed(request.period, today):
        raise NotClosedError(
            f"{request.period.name} has no edition to share: that exists for months, quarters and "
            "years that have ended; --edition internal has exact counts for the clinic itself"
        )


def build_edition(
    tally: Tally, request: ReportRequest, edition: Edition, *, with_local_facts: bool
) -> Report:
    """Return one edition of the counts."""
    is_shared = edition is Edition.SHARE
    return Report(
        as_of=request.as_of,
        period=request.period,
        definition=request.definition,
        snapshot=tally.snapshot,
        rows=build_rows(tally.rows, edition, with_local_facts=with_local_facts),
        excluded=tuple(
            Exclusion(reason, unit, withhold_count(number) if is_shared else number)
            for (reason, unit), number in tally.exclusions.items()
        ),
        broken_lines=tally.broken_lines,
        newest_encounter=tally.newest_encounter,
        missing=tally.missing,
        # Not on the list of tables to share.
        placeholders=() if is_shared else tally.placeholders,
        edition=edition,
    )


def build_tally(
    folder: Path,
    request: ReportRequest,
    local_facts: Iterable[LocalFact] = (),
    memory_limit: str = MEMORY_LIMIT,
) -> Tally:
    """Count exactly; raises UnreadableFilesError and IncompleteFilesError."""
    with open_engine(memory_limit) as (connection, spare_folder):
        files = find_files(folder)
        stamps = stamp_files(files)
        loaded = load_tables(connection, spare_folder, files)
        missing = list(loaded.missing)
        # A client that still writes to the folder would give some patients and not the others.
        if stamp_files(find_files(folder)) != stamps:
            missing.append(MissingPart("", folder.name, 0, "it changed while it was read"))
        if missing and not request.allow_partial:
            raise IncompleteFilesError(missing)
        clinics = _choose_clinics(connection, request)
        exclusions = find_members(connection, request.period)
        find_states(connection, request.definition, request.code_kinds, local_facts)
        rows = count_rows(connection, clinics, request.definition, request.as_of)
        if clinics is not request.clinics:
            # A configured clinic keeps its row without patients; an Organization need not.
            rows = tuple(row for row in rows if row.people or row.key == TOTAL)
        return Tally(
            rows,
            exclusions,
            _hash_tables(connection),
            _read_newest_encounter(connection),
            tuple(loaded.broken),
            loaded.broken_lines,
            tuple(missing),
            count_placeholders(connection),
        )


def _choose_clinics(
    connection: "DuckDBPyConnection", request: ReportRequest
) -> Sequence[ClinicScope]:
    """Place the encounters, and return the rows: the clinics, or every Organization."""
    organizations = (
        ()
        if request.by_organization is False
        else read_organizations(connection, request.time_zone)
    )
    if request.clinics and not request.by_organization:
        is_any_placed = place_encounters(connection, request.clinics, request.period)
        if is_any_placed or not organizations:
            return request.clinics
    place_encounters(connection, organizations, request.period)
    return organizations


def _hash_tables(connection: "DuckDBPyConnection") -> str:
    """Return a hash over the flat tables that does not depend on the row order."""
    digest = hashlib.sha256()
    for table in ("patient", "encounter", "observation", "provenance", "place", "appointment"):
        rows = connection.execute(
            f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {table} AS t"  # noqa: S608
        ).fetchall()
        digest.update(f"{table}:{rows[0]}\n".encode())
    return digest.hexdigest()


def _read_newest_encounter(connection: "DuckDBPyConnection") -> datetime | None:
    """Return the start of the newest encounter in the files: how far the feed reaches."""
    seconds = connection.execute("SELECT epoch(max(start_at)) FROM encounter").fetchall()[0][0]
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
