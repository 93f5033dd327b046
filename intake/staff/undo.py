"""Undo as staff ask for it: a row that the worker does; who asked stands in the audit."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.staff import access
from intake.staff.submission import apply_action, read_submission
from intake.store import audit
from intake.store.outbox import undo_requests
from intake.store.outbox.undo_requests import UndoRequestResult


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/submissions/<identity>/undo", "undo", undo, methods=["GET", "POST"])
    blueprint.add_url_rule("/submissions/<identity>/undo/stop", "stop_undo", stop, methods=["POST"])


def undo(identity: str) -> ResponseReturnValue:
    """Ask, then put it on its way back."""
    row, times = read_submission(identity), current_site().settings.times
    if request.method != "POST":
        if not undo_requests.can_undo(row, times.undo, current_site().clock()):
            return redirect(url_for(".submission", identity=identity), 303)
        clinic = current_site().settings.clinics.get(row.clinic)
        return render_template(
            "staff/undo.html",
            row=row,
            clinic=clinic,
            until=undo_requests.undo_deadline(row, times.undo),
        )
    with current_site().database.write() as tx:
        asked = undo_requests.request_undo(tx, identity)
        if asked is UndoRequestResult.STARTED:
            audit.record_action(tx, access.current_user().name, "undo-asked", identity)
    flash(asked.value)
    return redirect(url_for(".submission", identity=identity), 303)


def stop(identity: str) -> ResponseReturnValue:
    """Leave it as it stood before undo was asked for."""
    words = "The undo is stopped; what was written stays.", "No undo is held here any more."
    return apply_action(undo_requests.cancel_undo, identity, "undo-stopped", *words)
