"""The reviewer's pages: what the chart and the patient say differently, and whose word shall stand; nobody else sees it."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.staff import access
from intake.staff.submission import read_submission
from intake.store import audit
from intake.store.outbox import conflict_decisions, submissions
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision, StoredConflict

GONE = "It is not held for a reviewer any more. Nothing was changed."
CHANGED = "The chart was changed meanwhile. Look at it again, then decide."
EACH = "Decide about each of them."


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/review", "review", listing)
    blueprint.add_url_rule("/review/<identity>", "conflict", conflict, methods=["GET", "POST"])


def listing() -> str:
    """Show what has to be decided, oldest first."""
    with current_site().database.read() as tx:
        rows = [
            row
            for row in (
                submissions.find_record(tx, each)
                for each in conflict_decisions.list_conflicting_ids(tx)
            )
            if row is not None
        ]
        now = tx.now
    return render_template(
        "staff/review.html", rows=rows, clinics=current_site().settings.clinics, now=now
    )


def conflict(identity: str) -> ResponseReturnValue:
    """Show what both say, and take the decision: a row that the worker carries out."""
    row = read_submission(identity)
    with current_site().database.read() as tx:
        contests = conflict_decisions.read_conflicts(tx, identity)
        seen = conflict_decisions.hash_conflicts(tx, contests)
    if not contests:
        flash(GONE)
        return redirect(url_for(".submission", identity=identity), 303)
    wrong = ""
    if request.method == "POST":
        wrong = (
            CHANGED
            if request.form.get("seen") != seen
            else _decided(identity, contests, undoing=row.undoing)
        )
        if not wrong:
            return redirect(url_for(".submission", identity=identity), 303)
    page = render_template(
        "staff/conflict.html", row=row, contests=contests, seen=seen, wrong=[wrong] if wrong else []
    )
    return page, 422 if wrong else 200


def _decided(identity: str, contests: tuple[StoredConflict, ...], *, undoing: bool) -> str:
    """Keep the decisions and return "", or return what is wrong."""
    decisions = _read(contests, undoing=undoing)
    if len(decisions) < len(contests):
        return EACH
    with current_site().database.write() as tx:
        if not conflict_decisions.decide_conflicts(tx, identity, decisions):
            return GONE
        audit.record_action(tx, access.current_user().name, "conflict-decided", identity)
    flash("The worker does it now. Look again in a moment.")
    return ""


def _read(contests: tuple[StoredConflict, ...], *, undoing: bool) -> Mapping[str, ConflictDecision]:
    allowed = {ConflictChoice.CHART} if undoing else set(ConflictChoice)
    chosen = {each.element: request.form.get(each.element, "") for each in contests}
    return {
        each.element: ConflictDecision(ConflictChoice(chosen[each.element]), each.over)
        for each in contests
        if chosen[each.element] in allowed
    }
