"""The administrator's worklist: answers to enter into charts by hand."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.staff import access
from intake.store import audit
from intake.store.outbox import worklist
from intake.store.outbox.records import find_record


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/worklist", "worklist", show_worklist)
    blueprint.add_url_rule("/worklist/<identity>/typed", "typed", confirm_entry, methods=["POST"])


def show_worklist() -> str:
    """Show the worklist."""
    with current_site().database.write() as tx:
        listed = worklist.read_worklist(tx)
        # The page shows patients' answers, so that every look at them leaves an audit entry.
        if listed.entries:
            audit.record_action(tx, access.current_user().name, "worklist-read", None)
    clinics = current_site().settings.clinics
    systems = {clinic.id: clinic.record_number_system for clinic in clinics.values()}
    return render_template(
        "staff/worklist.html",
        entries=listed.entries,
        unreadable=listed.unreadable,
        record_numbers={
            entry.id: worklist.record_numbers(entry.worksheet, systems.get(entry.clinic, ""))
            for entry in listed.entries
        },
        clinics=clinics,
    )


def confirm_entry(identity: str) -> ResponseReturnValue:
    """Have the worker read the chart back after a member of staff entered the answers."""
    # The chart decides, not the click: the worker reads it back before the entry counts.
    with current_site().database.write() as tx:
        if find_record(tx, identity) is None:
            abort(404)
        is_marked = worklist.mark_typed(tx, identity)
        if is_marked:
            audit.record_action(tx, access.current_user().name, "submission-typed", identity)
    flash(
        "The worker reads the chart now. If anything is missing, the entry comes back here."
        if is_marked
        else "The submission is no longer held."
    )
    return redirect(url_for(".worklist"), 303)
