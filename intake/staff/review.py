"""The reviewer's pages: conflicts between chart and patient, and decisions."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fhir_client.model import Conflict
from intake.pages.site import current_site
from intake.staff import access
from intake.staff.submission import read_submission
from intake.store import audit
from intake.store.outbox import chart_searches, conflict_decisions
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision
from intake.store.outbox.records import find_record

NO_LONGER_HELD = "The submission is no longer held for a reviewer. Nothing was changed."
CHART_CHANGED = "The chart has changed since you opened this page. Check it again, then decide."
DECIDE_EACH = "Decide on each item."


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/review", "review", list_conflicts)
    blueprint.add_url_rule(
        "/review/<identity>", "conflict", decide_conflict, methods=["GET", "POST"]
    )


def list_conflicts() -> str:
    """Show the submissions in conflict, and those without a chart, oldest first."""
    with current_site().database.read() as tx:
        candidates = (
            find_record(tx, identity) for identity in conflict_decisions.list_conflicting_ids(tx)
        )
        # A submission may be gone between the two queries.
        records = [record for record in candidates if record is not None]
        without_chart = chart_searches.list_choosable(tx)
        now = tx.now
    return render_template(
        "staff/review.html",
        records=records,
        without_chart=without_chart,
        clinics=current_site().settings.clinics,
        now=now,
    )


def decide_conflict(identity: str) -> ResponseReturnValue:
    """Show both values of each conflict, and store the reviewer's decision."""
    record = read_submission(identity)
    with current_site().database.read() as tx:
        conflicts = conflict_decisions.read_conflicts(tx, identity)
        # The form carries this hash: a decision counts only for the values that the page showed.
        seen = conflict_decisions.hash_conflicts(tx, conflicts)
    if not conflicts:
        flash(NO_LONGER_HELD)
        return redirect(url_for(".submission", identity=identity), 303)
    error = ""
    if request.method == "POST":
        error = (
            CHART_CHANGED
            if request.form.get("seen") != seen
            else _store_decisions(identity, conflicts, undoing=record.undoing)
        )
        if not error:
            return redirect(url_for(".submission", identity=identity), 303)
    page = render_template(
        "staff/conflict.html",
        record=record,
        conflicts=conflicts,
        seen=seen,
        errors=[error] if error else [],
    )
    return page, 422 if error else 200


def _store_decisions(identity: str, conflicts: tuple[Conflict, ...], *, undoing: bool) -> str:
    """Store the decisions; return "" or the error."""
    decisions = _read_decisions(conflicts, undoing=undoing)
    if len(decisions) < len(conflicts):
        return DECIDE_EACH
    with current_site().database.write() as tx:
        # Another reviewer may have decided since this page was opened.
        if not conflict_decisions.decide_conflicts(tx, identity, decisions):
            return NO_LONGER_HELD
        audit.record_action(tx, access.current_user().name, "conflict-decided", identity)
    flash("The worker carries out your decision now. Refresh the page in a moment.")
    return ""


def _read_decisions(
    conflicts: tuple[Conflict, ...], *, undoing: bool
) -> Mapping[str, ConflictDecision]:
    # An undo never writes over what others changed since.
    allowed = {ConflictChoice.CHART} if undoing else set(ConflictChoice)
    choices = {conflict.element: request.form.get(conflict.element, "") for conflict in conflicts}
    return {
        conflict.element: ConflictDecision(
            ConflictChoice(choices[conflict.element]), conflict.chart_key
        )
        for conflict in conflicts
        if choices[conflict.element] in allowed
    }
