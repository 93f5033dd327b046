"""The completeness report over the live servers, made once a night."""

import threading
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from intake.clock import Clock
from intake.feed.bulk import ExportStoppedError
from intake.feed.export import fetch_export, qualified_clinic_scopes
from intake.feed.local_facts import read_local_facts
from intake.log import error_location, logger
from intake.report.build import BuiltReport, ReportRequest, build_report
from intake.report.codec import to_json
from intake.report.codes import mapped_codes
from intake.report.periods import parse_period
from intake.report.values import Period
from intake.settings import Settings
from intake.store import reports
from intake.store.database import Database, Tx

NIGHTLY_PERIOD = "rolling-12"
# In the first clinic's zone: after midnight, and after the hour that a clock change skips.
NIGHT = time(3)


def make_due_report(
    settings: Settings, database: Database, clock: Clock, stop: threading.Event
) -> bool:
    """Make and store the report if one is due; return False after a failure.

    A failure leaves the last report as it is.
    """
    try:
        _make_report_if_due(settings, database, clock, stop)
    except ExportStoppedError:
        return True
    except Exception as error:  # noqa: BLE001
        # The worker's other work goes on, whatever a server answers or a resource holds.
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
    period = resolve_period(settings, NIGHTLY_PERIOD, now)
    built = fetch_and_make_report(settings, database, period, now, stop)
    with database.write() as tx:
        # Another worker may have made one while this one fetched.
        if is_report_due(tx, settings, now):
            reports.save_snapshot(tx, NIGHTLY_PERIOD, to_json(built.report))
    seconds = round((clock() - now).total_seconds(), 1)
    logger.info("report-made", extra={"seconds": seconds, "count": built.report.broken_lines})


def is_report_due(tx: Tx, settings: Settings, now: datetime) -> bool:
    """Return whether no report has been made since last night."""
    made_at = reports.latest_made_at(tx, NIGHTLY_PERIOD)
    return made_at is None or made_at < _last_night(now, settings.time_zone)


def resolve_period(settings: Settings, name: str, now: datetime) -> Period:
    """Return the period of that name, seen from today in the first clinic's zone.

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
) -> BuiltReport:
    """Return the report over the servers' resources and the facts of our own store.

    With `in_bulk` the servers export: of that `Group/id`, or "" for all patients. Without it, the
    report searches. Raises FhirError and UnreadableFilesError.
    """
    with fetch_export(settings, period, stop, in_bulk) as folder:
        request = ReportRequest(
            period,
            now,
            mapped_codes(),
            qualified_clinic_scopes(settings),
            settings.time_zone.key,
            by_organization=False,
        )
        return build_report(folder, request, read_local_facts(settings, database))


def _last_night(now: datetime, zone: ZoneInfo) -> datetime:
    day = now.astimezone(zone).date()
    nights = (
        datetime.combine(date, NIGHT, zone).astimezone(UTC)
        for date in (day, day - timedelta(days=1))
    )
    return next(night for night in nights if night <= now)
