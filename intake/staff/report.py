"""The quality lead's page: the latest completeness report, already suppressed."""

from flask import Blueprint, Response, abort, render_template, request

from intake.pages.site import current_site
from intake.report import labels, outputs
from intake.report.codec import NotAReportError, from_json
from intake.report.values import Report
from intake.staff import access
from intake.store import audit, reports

HEADLINES = ("direct", "known", "asked", "decline")
"""The metrics in the table of states; a second table has all metrics."""


def register_pages(blueprint: Blueprint) -> None:
    """Add the report's pages."""
    blueprint.add_url_rule("/report", "report", show_report)
    blueprint.add_url_rule("/report.csv", "report_csv", download_csv)
    blueprint.add_url_rule("/report.json", "report_json", download_json)


def show_report() -> tuple[str, int]:
    """Show the latest report of the requested period, or of any period; 404 for an unknown one."""
    snapshot, periods = _read_snapshot()
    report, is_outdated = _decode_snapshot(snapshot)
    asked_period = request.args.get("period")
    is_unknown = asked_period is not None and asked_period not in periods
    page = render_template(
        "staff/report.html",
        report=report,
        unknown_period=asked_period if is_unknown else None,
        counted_on=report and report.as_of.astimezone(current_site().settings.time_zone).date(),
        is_outdated=is_outdated,
        periods=periods,
        outputs=outputs,
        report_labels=labels,
        headlines=HEADLINES,
    )
    return page, 404 if is_unknown else 200


def download_csv() -> Response:
    """Send the report for a spreadsheet."""
    _, report = _open_download()
    return _build_attachment(outputs.to_csv(report).encode(), "text/csv", report, "csv")


def download_json() -> Response:
    """Send the report as it is stored."""
    snapshot, report = _open_download()
    return _build_attachment(snapshot, "application/json", report, "json")


def _read_snapshot() -> tuple[bytes | None, tuple[str, ...]]:
    with current_site().database.read() as tx:
        periods = reports.list_periods(tx)
        # An unknown period has no snapshot. Another period's numbers would pass for its own.
        return reports.latest_snapshot(tx, request.args.get("period")), periods


def _open_download() -> tuple[bytes, Report]:
    snapshot, _ = _read_snapshot()
    report, _ = _decode_snapshot(snapshot)
    if snapshot is None or report is None:
        abort(404)
    # A download leaves the pages and their roles: the audit is the last trace of it.
    with current_site().database.write() as tx:
        audit.record_action(tx, access.current_user().name, "report-downloaded", report.period.name)
    return snapshot, report


def _build_attachment(content: bytes, mimetype: str, report: Report, ending: str) -> Response:
    name = f"completeness-{report.period.name}.{ending}"
    return Response(
        content,
        mimetype=mimetype,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _decode_snapshot(snapshot: bytes | None) -> tuple[Report | None, bool]:
    """Return the report, or None and whether another version of intake stored it."""
    if snapshot is None:
        return None, False
    try:
        return from_json(snapshot), False
    except NotAReportError:
        return None, True
