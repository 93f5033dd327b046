"""Undo as staff ask for it: a row that the worker does; who asked stands in the audit."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import site
from intake.staff import access
from intake.staff.submission import acted, found
from intake.store import audit, undoing
from intake.store.undoing import Asked


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/submissions/<identity>/undo", "undo", undo, methods=["GET", "POST"])
    blueprint.add_url_rule("/submissions/<identity>/undo/stop", "stop_undo", stop, methods=["POST"])


def undo(identity: str) -> ResponseReturnValue:
    """Ask, then put it on its way back."""
    row, times = found(identity), site().settings.times
    if request.method != "POST":
        if not undoing.possible(row, times.undo, site().clock()):
            return redirect(url_for(".submission", identity=identity), 303)
        clinic = site().settings.clinics.get(row.clinic)
        return render_template(
            "staff/undo.html", row=row, clinic=clinic, until=undoing.until(row, times.undo)
        )
    with site().database.write() as tx:
        asked = undoing.ask(tx, identity)
        if asked is Asked.DONE:
            audit.record(tx, access.user().name, "undo-asked", identity)
    flash(asked.value)
    return redirect(url_for(".submission", identity=identity), 303)


def stop(identity: str) -> ResponseReturnValue:
    """Leave it as it stood before undo was asked for."""
    words = "The undo is stopped; what was written stays.", "No undo is held here any more."
    return acted(undoing.stop, identity, "undo-stopped", *words)
