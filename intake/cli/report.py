"""`intake report`: the completeness report, from a folder of FHIR NDJSON or from the servers themselves."""

import argparse
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from intake.clock import Clock, system_clock

if TYPE_CHECKING:
    from intake.report.build import BuiltReport
    from intake.report.values import ClinicScope, Period, Report

FORMATS = ("text", "json", "csv", "html")


@dataclass(frozen=True, slots=True)
class _Scope:
    clinics: tuple["ClinicScope", ...]
    time_zone: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
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
        help="the same by Bulk Data $export, of everybody or of a Group such as Group/123",
    )
    parser.add_argument("--period", required=True, help="2026, 2026-Q3, 2026-09 or rolling-12")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument(
        "--clinics",
        choices=("configured", "none"),
        help="the configured clinics, or every Organization that has encounters; default: what fits the files",
    )
    parser.add_argument(
        "--time-zone",
        help="where days begin for Organizations; default: the first clinic's, else UTC",
    )


def run(args: argparse.Namespace, clock: Clock = system_clock) -> int:
    """Print the report; 0 done, 1 where lines were broken or a source cannot be read, 2 for wrong usage."""
    from intake.settings import SettingsError

    try:
        return _read(args, clock()) if args.folder else _fetch(args, clock())
    except SettingsError as error:
        return _say(f"intake report: {error}", 1)


def _fetch(args: argparse.Namespace, now: datetime) -> int:
    from fhir_client.errors import FhirError
    from intake.cli.site import open_current_database
    from intake.feed.live_report import fetch_and_make_report, resolve_period
    from intake.settings import load_settings

    if args.clinics or args.time_zone:
        return _say(
            "intake report: --clinics and --time-zone go with --from; the servers are asked for the configured clinics",
            2,
        )
    settings = load_settings()
    try:
        period = resolve_period(settings, args.period, now)
    except ValueError as error:
        return _say(f"intake report: {error}", 2)
    with open_current_database(settings) as database:
        how = "searching" if args.bulk is None else "waiting for an export of"
        _say(f"{how} {', '.join(settings.servers)} for {_days(period)}", 0)
        try:
            made = fetch_and_make_report(
                settings, database, period, now, threading.Event(), args.bulk
            )
        except FhirError as error:
            return _say(f"intake report: {error.message}", 1)
    return _print(made, args.format)


def _read(args: argparse.Namespace, now: datetime) -> int:
    from intake.report.periods import parse_period

    try:
        _look(args.folder)
        scope = _scope(args)
        period = parse_period(args.period, now.astimezone(ZoneInfo(scope.time_zone)).date())
    except (ValueError, OSError, KeyError) as error:
        return _say(f"intake report: {error}", 2)
    return _report(args, scope, period, now)


def _report(args: argparse.Namespace, scope: _Scope, period: "Period", now: datetime) -> int:
    from intake.report.build import ReportRequest, build_report
    from intake.report.codes import mapped_codes
    from intake.report.loader import UnreadableFilesError

    _say(f"reading {args.folder} for {_days(period)}", 0)
    try:
        by_organization = {"none": True, "configured": False}.get(args.clinics)
        asked = ReportRequest(
            period, now, mapped_codes(), scope.clinics, scope.time_zone, by_organization
        )
        made = build_report(args.folder, asked)
    except (UnreadableFilesError, OSError) as error:
        return _say(f"intake report: {error}", 1)
    return _print(made, args.format)


def _days(period: "Period") -> str:
    return f"{period.name} ({period.first} up to, not including, {period.end})"


def _print(made: "BuiltReport", form: str) -> int:
    sys.stdout.write(_written(made.report, form))
    return _broken(made)


def _written(report: "Report", form: str) -> str:
    from intake.report.codec import to_json
    from intake.report.outputs import to_csv, to_html, to_text

    writers: Mapping[str, Callable[[Report], str]] = {
        "text": to_text,
        "csv": to_csv,
        "html": to_html,
        "json": lambda one: to_json(one).decode(),
    }
    return writers[form](report)


def _broken(made: "BuiltReport") -> int:
    for line in made.broken:
        _say(f"{line.file}:{line.line}: {line.fault}; left out", 1)
    if not made.report.broken_lines:
        return 0
    return _say(f"{made.report.broken_lines} lines could not be read; the rest is counted", 1)


def _scope(args: argparse.Namespace) -> _Scope:
    """The clinics to report on and the zone for those that the configuration does not know."""
    from intake.report.clinics import clinic_scopes
    from intake.settings import load_settings

    clinics = clinic_scopes(load_settings())
    zone = args.time_zone or (clinics[0].time_zone if clinics else "UTC")
    ZoneInfo(zone)
    return _Scope(clinics, zone)


def _look(folder: Path) -> None:
    """Refuse a folder without anything to count."""
    from intake.report.files import find_files

    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    missing = [kind for kind in ("Patient", "Encounter") if not find_files(folder)[kind]]
    if missing:
        raise ValueError(
            f"{folder} has no {' and no '.join(missing)} files, such as {missing[0]}.ndjson"
        )


def _say(words: str, code: int) -> int:
    sys.stderr.write(words + "\n")
    return code
