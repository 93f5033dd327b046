"""The completeness report from the live servers, built once a night."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from intake.clock import Clock
from intake.feed.bulk import ExportStoppedError
from intake.feed.export import fetch_export, qualified_clinic_scopes
from intake.feed.local_facts import read_local_facts
from intake.log import error_location, logger
from intake.report.build import (
    BuiltReport,
    ReportRequest,
    build_edition,
    build_report,
    build_tally,
    check_edition,
)
from intake.report.codec import to_json
from intake.report.codes import mapped_codes
from intake.report.periods import closed_periods, parse_period
from intake.report.values import Edition, Period
from intake.settings import Settings
from intake.store import reports
from intake.store.database import Database, Tx

NIGHTLY_PERIOD = "rolling-12"
NIGHT = time(3)
"""The time at which a new day's report is due, in the first clinic's zone.

It is after midnight, and after the hour that a clock change may skip.
"""


def make_due_report(
    settings: Settings, database: Database, clock: Clock, stop: threading.Event
) -> bool:
    """Build and store the report if one is due.

    Returns False after a failure, which leaves the last report in place.
    """
    try:
        _make_report_if_due(settings, database, clock, stop)
    except ExportStoppedError:
        return True
    except Exception as error:  # noqa: BLE001
        # Whatever a server answers or a resource holds, the worker's other work must go on.
        logger.warning(
            "report-failed", extra={"reason": type(error).__name__, "where": error_location(error)}
        )
        return False
    return True


def _make_report_if_due(
    settings: Settings, database: Database, clock: Clock, stop: threading.Event
) -> None:
    now = clock()
    with database.read() as tx:
        if not is_report_due(tx, settings, now):
            return
    nightly = resolve_period(settings, NIGHTLY_PERIOD, now)
    today = now.astimezone(settings.time_zone).date()
    with database.read() as tx:
        closed = [
            period
            for period in closed_periods(today)
            if reports.latest_made_at(tx, period.name, reports.SHARE) is None
        ]
    # One export serves all periods: it reaches back to the first day of the earliest.
    first = min(period.first for period in (nightly, *closed))
    with fetch_export(settings, replace(nightly, first=first), stop) as folder:
        for period in closed:
            _store_closed_period(settings, database, folder, period, now)
        request = _build_request(settings, period=nightly, now=now)
        built = build_report(folder, request, read_local_facts(settings, database))
    with database.write() as tx:
        # Another worker may have stored a report since the first look.
        if is_report_due(tx, settings, now):
            reports.save_snapshot(tx, NIGHTLY_PERIOD, to_json(built.report))
    seconds = round((clock() - now).total_seconds(), 1)
    logger.info("report-made", extra={"seconds": seconds, "count": built.report.broken_lines})


def _store_closed_period(
    settings: Settings, database: Database, folder: Path, period: Period, now: datetime
) -> None:
    """Store both editions of a period that has ended."""
    request = _build_request(settings, period=period, now=now)
    tally = build_tally(folder, request, read_local_facts(settings, database))
    internal, share = (
        to_json(build_edition(tally, request, edition, with_local_facts=True))
        for edition in (Edition.INTERNAL, Edition.SHARE)
    )
    with database.write() as tx:
        reports.save_snapshot(tx, period.name, internal)
        reports.freeze_snapshot(tx, period.name, share)


def is_report_due(tx: Tx, settings: Settings, now: datetime) -> bool:
    """Return whether the store has no report since last night."""
    last = reports.latest_made_at(tx, NIGHTLY_PERIOD)
    return last is None or last < _last_night(now, settings.time_zone)


def resolve_period(settings: Settings, name: str, now: datetime) -> Period:
    """Return the period of that name, relative to today in the first clinic's zone.

    Raises ValueError.
    """
    return parse_period(name, now.astimezone(settings.time_zone).date())


def fetch_and_make_report(
    settings: Settings,
    database: Database,
    period: Period,
    now: datetime,
    stop: threading.Event,
    in_bulk: str | None = None,
    edition: Edition = Edition.INTERNAL,
) -> BuiltReport:
    """Return the report over the servers' resources and our own store.

    With `in_bulk` the servers export this `Group/id`, or all patients for "". Without it, the
    worker searches page by page. Raises FhirError, UnreadableFilesError and NotClosedError.
    """
    request = _build_request(settings, period=period, now=now)
    # The fetch is the long part: what must be refused is refused before it.
    check_edition(request, edition)
    with fetch_export(settings, period, stop, in_bulk) as folder:
        return build_report(folder, request, read_local_facts(settings, database), edition)


def _build_request(settings: Settings, *, period: Period, now: datetime) -> ReportRequest:
    return ReportRequest(
        period,
        now,
        mapped_codes(),
        qualified_clinic_scopes(settings),
        settings.time_zone.key,
        by_organization=False,
    )


def _last_night(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the last moment at which a report was due."""
    today = now.astimezone(zone).date()
    # Python's arithmetic on one zone's times ignores clock changes, so each night is converted to
    # UTC before the comparison.
    nights = (
        datetime.combine(day, NIGHT, zone).astimezone(UTC)
        for day in (today, today - timedelta(days=1))
    )
    return next(night for night in nights if night <= now)
