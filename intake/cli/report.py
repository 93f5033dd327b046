"""`intake report`: the completeness report, from FHIR NDJSON files or from the servers."""

import argparse
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from fhir_client.errors import FhirError
from intake.cli.output import print_message, print_note
from intake.cli.site import open_current_database
from intake.clock import Clock, system_clock
from intake.feed.live_report import fetch_and_make_report, resolve_period
from intake.report.build import BuiltReport, IncompleteFilesError, ReportRequest, build_report
from intake.report.clinics import clinic_scopes
from intake.report.codec import from_json, to_json
from intake.report.codes import mapped_codes
from intake.report.files import find_files
from intake.report.loader import UnreadableFilesError
from intake.report.outputs import list_warnings, to_csv, to_html, to_text
from intake.report.periods import NotClosedError, parse_period
from intake.report.values import ClinicScope, Edition, Period, Report
from intake.settings import Settings, SettingsError, load_settings, load_site_settings
from intake.store import reports
from intake.store.database import Database

FORMATTERS: Mapping[str, Callable[[Report], str]] = {
    "text": to_text,
    "json": lambda report: to_json(report).decode(),
    "csv": to_csv,
    "html": to_html,
}


@dataclass(frozen=True, slots=True)
class _ReportScope:
    """The configured clinics, and the zone for Organizations that are none of them."""

    clinics: tuple[ClinicScope, ...]
    time_zone: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--from", dest="folder", type=Path, metavar="DIR", help="a folder of FHIR NDJSON files"
    )
    source.add_argument(
        "--search",
        action="store_true",
        help="the configured FHIR servers, by paged search, and our own store",
    )
    source.add_argument(
        "--bulk",
        nargs="?",
        const="",
        metavar="GROUP",
        help="the same by Bulk Data $export, of all patients or of a Group such as Group/123",
    )
    parser.add_argument("--period", required=True, help="2026, 2026-Q3, 2026-09 or rolling-12")
    parser.add_argument(
        "--edition",
        choices=tuple(Edition),
        default=Edition.SHARE,
        type=Edition,
        help="share: rounded, for months, quarters and years that have ended (default); "
        "internal: exact counts, for the clinic's own quality work only",
    )
    parser.add_argument("--format", choices=FORMATTERS, default="text", help="default: text")
    parser.add_argument(
        "--allow-partial",
        action="store_true",
        help="report on what is there, even if a part of a file is missing; the report says so",
    )
    parser.add_argument(
        "--clinics",
        choices=("configured", "none"),
        help="the configured clinics, or every Organization with encounters; "
        "default: the configured clinics if one of them has encounters in the files",
    )
    parser.add_argument(
        "--time-zone",
        help="the time zone of Organizations' days; default: the first clinic's, else UTC",
    )


def run(args: argparse.Namespace, clock: Clock = system_clock) -> int:
    """Print the report; 1 if lines or a source are unreadable, 2 for wrong usage."""
    try:
        if args.folder:
            return _report_on_files(args, clock())
        return _report_on_servers(args, clock())
    except SettingsError as error:
        return _fail(1, f"intake report: {error}")


def _report_on_servers(args: argparse.Namespace, now: datetime) -> int:
    # The servers are those of the configured clinics, whose days have their own zones.
    if args.clinics or args.time_zone:
        return _fail(
            2,
            "intake report: --clinics and --time-zone go with --from; "
            "a report on the servers covers the configured clinics",
        )
    settings = load_site_settings()
    try:
        period = resolve_period(settings, args.period, now)
    except ValueError as error:
        return _fail(2, f"intake report: {error}")
    with open_current_database(settings) as database:
        built = None if args.edition is Edition.INTERNAL else _read_frozen(database, period)
        if built is None:
            try:
                built = _fetch_report(settings, database, period, now, args)
            except NotClosedError as error:
                return _fail(2, f"intake report: {error}")
            except FhirError as error:
                return _fail(1, f"intake report: {error.message}")
            except (IncompleteFilesError, UnreadableFilesError) as error:
                return _fail(1, f"intake report: {error}")
    return _print_report(built, args.format)


def _read_frozen(database: Database, period: Period) -> BuiltReport | None:
    """Return the stored edition to share: a second one could be compared with the first."""
    with database.read() as tx:
        snapshot = reports.latest_snapshot(tx, period.name, reports.SHARE)
    return None if snapshot is None else BuiltReport(from_json(snapshot), ())


def _fetch_report(
    settings: Settings,
    database: Database,
    period: Period,
    now: datetime,
    args: argparse.Namespace,
) -> BuiltReport:
    activity = "searching" if args.bulk is None else "waiting for an export of"
    print_note(f"{activity} {', '.join(settings.servers)} for {_describe_period(period)}")
    # The command has no orderly stop of its own: Ctrl-C simply ends it.
    built = fetch_and_make_report(
        settings, database, period, now, threading.Event(), args.bulk, args.edition
    )
    if args.edition is Edition.SHARE:
        with database.write() as tx:
            reports.freeze_snapshot(tx, period.name, to_json(built.report))
    return built


def _report_on_files(args: argparse.Namespace, now: datetime) -> int:
    try:
        _require_files(args.folder)
        scope = _choose_scope(args)
        period = parse_period(args.period, now.astimezone(ZoneInfo(scope.time_zone)).date())
    except (ValueError, OSError, KeyError) as error:
        return _fail(2, f"intake report: {error}")
    print_note(f"reading {args.folder} for {_describe_period(period)}")
    # None lets the report choose: Organizations if no configured clinic has encounters.
    by_organization = {"none": True, "configured": False}.get(args.clinics)
    request = ReportRequest(
        period,
        now,
        mapped_codes(),
        scope.clinics,
        scope.time_zone,
        by_organization,
        allow_partial=args.allow_partial,
    )
    try:
        built = build_report(args.folder, request, edition=args.edition)
    except NotClosedError as error:
        return _fail(2, f"intake report: {error}")
    except IncompleteFilesError as error:
        remedy = "--allow-partial reports on the rest."
        return _fail(1, f"intake report: {error} {remedy}")
    except (UnreadableFilesError, OSError) as error:
        return _fail(1, f"intake report: {error}")
    return _print_report(built, args.format)


def _describe_period(period: Period) -> str:
    return f"{period.name} ({period.first} up to, not including, {period.end})"


def _print_report(built: BuiltReport, format_name: str) -> int:
    sys.stdout.write(FORMATTERS[format_name](built.report))
    for line in built.broken:
        print_message(f"{line.file}:{line.line}: {line.fault}; left out")
    warnings = list_warnings(built.report)
    for warning in warnings:
        print_message(warning)
    return 1 if warnings else 0


def _choose_scope(args: argparse.Namespace) -> _ReportScope:
    """Return the scope; raises KeyError or ValueError for an unknown time zone."""
    clinics = clinic_scopes(load_settings())
    time_zone = args.time_zone or (clinics[0].time_zone if clinics else "UTC")
    # An unknown zone is reported here, before the long part begins.
    ZoneInfo(time_zone)
    return _ReportScope(clinics, time_zone)


def _require_files(folder: Path) -> None:
    """Raise ValueError for a folder without patients or encounters."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    missing = [kind for kind in ("Patient", "Encounter") if not find_files(folder)[kind]]
    if missing:
        raise ValueError(
            f"{folder} has no {' and no '.join(missing)} files, such as {missing[0]}.ndjson"
        )


def _fail(exit_code: int, sentence: str) -> int:
    print_message(sentence)
    return exit_code
