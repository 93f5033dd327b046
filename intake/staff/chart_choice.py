"""The reviewer's page to choose the chart of a held submission, by a search of the worker."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.staff import access
from intake.staff.forms import ChartSearchForm
from intake.staff.submission import apply_action, read_submission
from intake.store import audit
from intake.store.health_words import explain_obstacle, read_site_health
from intake.store.outbox import chart_searches
from intake.store.outbox.chart_searches import ChartCriteria
from intake.store.outbox.records import SubmissionRecord

NOT_CHOOSABLE = "No chart can be chosen for this submission now."


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    address = "/submissions/<identity>/chart"
    blueprint.add_url_rule(address, "find_chart", find_chart, methods=["GET", "POST"])
    blueprint.add_url_rule(f"{address}/choose", "choose_chart", choose_chart, methods=["POST"])


def find_chart(identity: str) -> ResponseReturnValue:
    """Show the search and the charts that it found, or queue another search."""
    record = read_submission(identity)
    form = ChartSearchForm()
    if request.method != "POST":
        return _render_page(record, ChartSearchForm(formdata=None))
    if not form.validate():
        return _render_page(record, form)
    clinic = current_site().settings.clinics.get(record.clinic)
    criteria = ChartCriteria(
        clinic.record_number_system if clinic else "",
        form.record_number.data or "",
        form.family_name.data or "",
        form.birth_date.data,
    )
    with current_site().database.write() as tx:
        if chart_searches.request_search(tx, identity, record.server, criteria):
            audit.record_action(tx, access.current_user().name, "chart-searched", identity)
        else:
            flash(NOT_CHOOSABLE)
    return redirect(url_for(".find_chart", identity=identity), 303)


def choose_chart(identity: str) -> ResponseReturnValue:
    """Give the submission the chosen chart, and have the worker send it there."""
    read_submission(identity)
    reference = request.form.get("chart", "")
    messages = ("The worker sends the answers to the chosen chart now.", NOT_CHOOSABLE)
    return apply_action(
        lambda tx, of: chart_searches.choose_chart(tx, of, reference),
        identity,
        "chart-chosen",
        *messages,
    )


def _render_page(record: SubmissionRecord, form: ChartSearchForm) -> ResponseReturnValue:
    with current_site().database.read() as tx:
        if not chart_searches.can_choose_chart(tx, record.id):
            flash(NOT_CHOOSABLE)
            return redirect(url_for(".submission", identity=record.id), 303)
        hint = chart_searches.read_patient_hint(tx, record.id)
        search = chart_searches.read_search(tx, record.id)
        obstacle = explain_obstacle(read_site_health(tx, current_site().settings), record.server)
    with current_site().database.write() as tx:
        # The page shows patients' names, so that every view of it leaves an audit entry.
        audit.record_action(tx, access.current_user().name, "charts-seen", record.id)
    errors = form.error_messages()
    page = render_template(
        "staff/find_chart.html",
        record=record,
        form=form,
        errors=errors,
        hint=hint,
        search=search,
        obstacle=obstacle,
    )
    return page, 422 if errors else 200
