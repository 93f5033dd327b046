"""The administrator's worklist: what a person has to type into charts, and the word that it is done; it tells answers."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import site
from intake.staff import access
from intake.store import audit, submissions, worklist


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/worklist", "worklist", show)
    blueprint.add_url_rule("/worklist/<identity>/typed", "typed", typed, methods=["POST"])


def show() -> str:
    """Show it; who looked is noted, for it tells answers."""
    with site().database.write() as tx:
        found = worklist.waiting(tx)
        if found.entries:
            audit.record(tx, access.user().name, "worklist-read", None)
    clinics = site().settings.clinics
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
    with site().database.write() as tx:
        if submissions.get(tx, identity) is None:
            abort(404)
        done = worklist.typed(tx, identity)
        if done:
            audit.record(tx, access.user().name, "submission-typed", identity)
    flash(
        "The worker reads the chart now. What is still missing comes back here."
        if done
        else "It is not held any more."
    )
    return redirect(url_for(".worklist"), 303)
