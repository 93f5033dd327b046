"""The quality lead's page: the latest completeness report that the store keeps, suppressed when it was made."""

from flask import Blueprint, render_template

from intake.pages.site import site
from intake.report import outputs, words
from intake.report.codec import NotAReportError, from_json
from intake.report.values import ElementResult, Report, Row
from intake.store import reports

HEADLINES = ("direct", "known", "asked", "decline")
"""The metrics that stand beside the states; the others follow in a table of their own."""


def register(blueprint: Blueprint) -> None:
    """Add the report's page to the staff pages, whose own hook sees to sign-in and role."""
    blueprint.add_url_rule("/report", "report", show)


def show() -> str:
    """Show the latest report, or say how to make one."""
    with site().database.read() as tx:
        snapshot = reports.latest(tx)
    report, outdated = _read(snapshot)
    return render_template(
        "staff/report.html",
        report=report,
        outdated=outdated,
        outputs=outputs,
        words=words,
        headlines=HEADLINES,
        element_of=_element_of,
    )


def _read(snapshot: bytes | None) -> tuple[Report | None, bool]:
    """The report, or None and whether there is one that another version made."""
    if snapshot is None:
        return None, False
    try:
        return from_json(snapshot), False
    except NotAReportError:
        return None, True


def _element_of(row: Row, element: str) -> ElementResult:
    return next(result for result in row.elements if result.element == element)
