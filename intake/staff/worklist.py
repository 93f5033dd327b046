"""The administrator's worklist: what a person has to type into charts, and the word that it is done; it tells answers."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.staff import access
from intake.store import audit
from intake.store.outbox import submissions, worklist


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/worklist", "worklist", show)
    blueprint.add_url_rule("/worklist/<identity>/typed", "typed", typed, methods=["POST"])


def show() -> str:
    """Show it; who looked is noted, for it tells answers."""
    with current_site().database.write() as tx:
        found = worklist.read_worklist(tx)
        if found.entries:
            audit.record_action(tx, access.current_user().name, "worklist-read", None)
    clinics = current_site().settings.clinics
    systems = {clinic.id: clinic.record_number_system for clinic in clinics.values()}
    return render_template(
        "staff/worklist.html",
        entries=found.entries,
        unreadable=found.unreadable,
        numbers={
            each.id: each.sheet.record_numbers(systems.get(each.clinic, ""))
            for each in found.entries
        },
        clinics=clinics,
    )


def typed(identity: str) -> ResponseReturnValue:
    """Have the chart read back, for somebody says that it is typed."""
    with current_site().database.write() as tx:
        if submissions.find_record(tx, identity) is None:
            abort(404)
        done = worklist.mark_typed(tx, identity)
        if done:
            audit.record_action(tx, access.current_user().name, "submission-typed", identity)
    flash(
        "The worker reads the chart now. What is still missing comes back here."
        if done
        else "It is not held any more."
    )
    return redirect(url_for(".worklist"), 303)
