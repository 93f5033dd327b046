"""The reviewer's pages: what the chart and the patient say differently, and whose word shall stand; nobody else sees it."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import site
from intake.staff import access
from intake.staff.submission import found
from intake.store import audit, deciding, submissions
from intake.store.deciding import Contest, Decision, Take

GONE = "It is not held for a reviewer any more. Nothing was changed."
CHANGED = "The chart was changed meanwhile. Look at it again, then decide."
EACH = "Decide about each of them."


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/review", "review", listing)
    blueprint.add_url_rule("/review/<identity>", "conflict", conflict, methods=["GET", "POST"])


def listing() -> str:
    """Show what has to be decided, oldest first."""
    with site().database.read() as tx:
        rows = [
            row
            for row in (submissions.get(tx, each) for each in deciding.held(tx))
            if row is not None
        ]
        now = tx.now
    return render_template("staff/review.html", rows=rows, clinics=site().settings.clinics, now=now)


def conflict(identity: str) -> ResponseReturnValue:
    """Show what both say, and take the decision: a row that the worker carries out."""
    row = found(identity)
    with site().database.read() as tx:
        contests = deciding.contests(tx, identity)
        seen = deciding.seen(tx, contests)
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


def _decided(identity: str, contests: tuple[Contest, ...], *, undoing: bool) -> str:
    """Keep the decisions and return "", or return what is wrong."""
    decisions = _read(contests, undoing=undoing)
    if len(decisions) < len(contests):
        return EACH
    with site().database.write() as tx:
        if not deciding.decide(tx, identity, decisions):
            return GONE
        audit.record(tx, access.user().name, "conflict-decided", identity)
    flash("The worker does it now. Look again in a moment.")
    return ""


def _read(contests: tuple[Contest, ...], *, undoing: bool) -> Mapping[str, Decision]:
    allowed = {Take.CHART} if undoing else set(Take)
    chosen = {each.element: request.form.get(each.element, "") for each in contests}
    return {
        each.element: Decision(Take(chosen[each.element]), each.over)
        for each in contests
        if chosen[each.element] in allowed
    }
