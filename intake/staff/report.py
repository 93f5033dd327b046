"""The quality lead's page: the latest completeness report that the store keeps, suppressed when it was made."""

from flask import Blueprint, Response, abort, render_template, request

from intake.pages.site import current_site
from intake.report import labels, outputs
from intake.report.codec import NotAReportError, from_json
from intake.report.values import Report
from intake.staff import access
from intake.store import audit, reports

HEADLINES = ("direct", "known", "asked", "decline")
"""The metrics that stand beside the states; the others follow in a table of their own."""


def register_pages(blueprint: Blueprint) -> None:
    """Add the report's pages to the staff pages, whose own hook sees to sign-in and role."""
    blueprint.add_url_rule("/report", "report", show)
    blueprint.add_url_rule("/report.csv", "report_csv", as_csv)
    blueprint.add_url_rule("/report.json", "report_json", as_json)


def show() -> str:
    """Show the latest report, of the period that the address names where it names one; or say how to make one."""
    snapshot, periods = _asked()
    report, outdated = _read(snapshot)
    return render_template(
        "staff/report.html",
        report=report,
        counted_on=report and report.as_of.astimezone(current_site().settings.time_zone).date(),
        outdated=outdated,
        periods=periods,
        outputs=outputs,
        labels=labels,
        headlines=HEADLINES,
    )


def as_csv() -> Response:
    """Hand the report out for a spreadsheet."""
    _, report = _handed_out()
    return _file(outputs.to_csv(report).encode(), "text/csv", report, "csv")


def as_json() -> Response:
    """Hand the report out as it is kept."""
    snapshot, report = _handed_out()
    return _file(snapshot, "application/json", report, "json")


def _asked() -> tuple[bytes | None, tuple[str, ...]]:
    with current_site().database.read() as tx:
        periods = reports.list_periods(tx)
        wanted = request.args.get("period")
        return reports.latest_snapshot(tx, wanted if wanted in periods else None), periods


def _handed_out() -> tuple[bytes, Report]:
    snapshot, _ = _asked()
    report, _ = _read(snapshot)
    if snapshot is None or report is None:
        abort(404)
    with current_site().database.write() as tx:
        audit.record_action(tx, access.current_user().name, "report-downloaded", report.period.name)
    return snapshot, report


def _file(content: bytes, mimetype: str, report: Report, ending: str) -> Response:
    name = f"completeness-{report.period.name}.{ending}"
    return Response(
        content,
        mimetype=mimetype,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _read(snapshot: bytes | None) -> tuple[Report | None, bool]:
    """The report, or None and whether there is one that another version made."""
    if snapshot is None:
        return None, False
    try:
        return from_json(snapshot), False
    except NotAReportError:
        return None, True
