"""The quality lead's page: the latest completeness report, in the edition of the reader's role."""

from dataclasses import dataclass

from flask import Blueprint, Response, abort, render_template, request

from intake.pages.site import current_site
from intake.report import labels, outputs
from intake.report.codec import NotAReportError, from_json
from intake.report.values import Edition, Report
from intake.staff import access
from intake.store import audit, reports

HEADLINES = ("direct", "known", "asked", "decline")
"""The metrics in the table of states; a second table has all metrics."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the reader chose, and what there is to choose."""

    edition: Edition
    period: str | None
    periods: tuple[str, ...]
    editions: tuple[Edition, ...]
    snapshot: bytes | None

    @property
    def is_unknown(self) -> bool:
        """Whether the chosen period has no report of this edition."""
        return self.period is not None and self.period not in self.periods


def register_pages(blueprint: Blueprint) -> None:
    """Add the report's pages."""
    blueprint.add_url_rule("/report", "report", show_report)
    blueprint.add_url_rule("/report.csv", "report_csv", download_csv)
    blueprint.add_url_rule("/report.json", "report_json", download_json)


def show_report() -> tuple[str, int]:
    """Show the latest report of the requested period, or of any period; 404 for an unknown one."""
    choice = _read_choice()
    report, is_outdated = _decode_snapshot(choice.snapshot)
    if report is not None and choice.edition is Edition.INTERNAL:
        _record_action("report-viewed", report)
    page = render_template(
        "staff/report.html",
        report=report,
        choice=choice,
        counted_on=report and report.as_of.astimezone(current_site().settings.time_zone).date(),
        is_outdated=is_outdated,
        outputs=outputs,
        report_labels=labels,
        headlines=HEADLINES,
    )
    return page, 404 if choice.is_unknown else 200


def download_csv() -> Response:
    """Send the report for a spreadsheet."""
    _, report = _open_download()
    return _build_attachment(outputs.to_csv(report).encode(), "text/csv", report, "csv")


def download_json() -> Response:
    """Send the report as it is stored."""
    snapshot, report = _open_download()
    return _build_attachment(snapshot, "application/json", report, "json")


def _read_choice() -> _Choice:
    sees_exact = bool(access.current_user().roles & current_site().settings.exact_for)
    editions = (Edition.INTERNAL, Edition.SHARE) if sees_exact else (Edition.SHARE,)
    asked = request.args.get("edition", editions[0])
    # The role decides, not the address: a forwarded link shows no exact count to others.
    if asked not in editions:
        abort(403 if asked in tuple(Edition) else 404)
    edition = Edition(asked)
    period = request.args.get("period")
    with current_site().database.read() as tx:
        # An unknown period has no snapshot. Another period's numbers would pass for its own.
        return _Choice(
            edition,
            period,
            reports.list_periods(tx, edition),
            editions,
            reports.latest_snapshot(tx, period, edition),
        )


def _open_download() -> tuple[bytes, Report]:
    choice = _read_choice()
    report, _ = _decode_snapshot(choice.snapshot)
    if choice.snapshot is None or report is None:
        abort(404)
    # A download leaves the pages and their roles: the audit is the last trace of it.
    _record_action("report-downloaded", report)
    return choice.snapshot, report


def _record_action(action: str, report: Report) -> None:
    subject = f"{report.period.name} {report.edition}"
    with current_site().database.write() as tx:
        audit.record_action(tx, access.current_user().name, action, subject)


def _build_attachment(content: bytes, mimetype: str, report: Report, ending: str) -> Response:
    name = f"completeness-{report.period.name}-{report.edition}.{ending}"
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
