"""Requests an undo for staff. The worker carries it out; the audit names the user."""

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
    blueprint.add_url_rule(
        "/submissions/<identity>/undo", "undo", request_undo, methods=["GET", "POST"]
    )
    blueprint.add_url_rule(
        "/submissions/<identity>/undo/stop", "stop_undo", stop_undo, methods=["POST"]
    )


def request_undo(identity: str) -> ResponseReturnValue:
    """Ask for confirmation, then request the undo."""
    record, times = read_submission(identity), current_site().settings.times
    if request.method != "POST":
        # An old tab may still offer the undo after its deadline.
        if not undo_requests.can_undo(record, times.undo, current_site().clock()):
            return redirect(url_for(".submission", identity=identity), 303)
        clinic = current_site().settings.clinics.get(record.clinic)
        return render_template(
            "staff/undo.html",
            record=record,
            clinic=clinic,
            until=undo_requests.undo_deadline(record, times.undo),
        )
    with current_site().database.write() as tx:
        result = undo_requests.request_undo(tx, identity)
        if result is UndoRequestResult.STARTED:
            audit.record_action(tx, access.current_user().name, "undo-asked", identity)
    flash(result.value)
    return redirect(url_for(".submission", identity=identity), 303)


def stop_undo(identity: str) -> ResponseReturnValue:
    """Cancel a held undo, so that the chart keeps what the submission wrote."""
    messages = (
        "The undo is stopped. The chart keeps what was written.",
        "No undo is held for this submission.",
    )
    return apply_action(undo_requests.cancel_undo, identity, "undo-stopped", *messages)
