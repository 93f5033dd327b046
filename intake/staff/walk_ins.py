"""Lets the desk add a walk-in by record number and birth date, and correct them."""

from dataclasses import replace
from datetime import date, datetime
from typing import TypedDict
from uuid import uuid4

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from intake.answers import MatchCriteria
from intake.clock import day_bounds
from intake.pages.site import current_site
from intake.settings import Clinic
from intake.staff import access, invitations, today
from intake.staff.forms import ChartForm
from intake.store import audit, visits
from intake.store.database import Tx
from intake.store.outbox import unmatched
from intake.store.outbox.records import find_record
from intake.store.outbox.unmatched import UnmatchedSubmission
from intake.store.visits import MatchState, Visit

ALREADY_HANDLED = "Another user was faster. Nothing was changed."


class _TypedCriteria(TypedDict):
    record_number: str
    birth_date: date


def register_pages(blueprint: Blueprint) -> None:
    """Add the actions."""
    blueprint.add_url_rule("/clinics/<clinic>/visits", "let_in", let_in_walk_in, methods=["POST"])
    blueprint.add_url_rule("/visits/<visit>/off", "take_off", remove_walk_in, methods=["POST"])
    blueprint.add_url_rule(
        "/unmatched/<submission>", "correct_chart", correct_criteria, methods=["POST"]
    )


def let_in_walk_in(clinic: str) -> ResponseReturnValue:
    """Add a walk-in to today's list, and create a code."""
    # Without a record-number system the worker could not search for the chart.
    chosen = current_site().settings.clinics.get(clinic)
    if chosen is None or not chosen.record_number_system:
        abort(404)
    form = ChartForm(today.clinic_date(chosen))
    if not form.validate():
        return today.render_page(chosen, let_in=form), 422
    with current_site().database.write() as tx:
        criteria = MatchCriteria(chosen.record_number_system, **_read_criteria(form))
        visit = _find_or_add_visit(tx, chosen, criteria)
        invitations.hand_out_code(tx, visit)
        audit.record_action(tx, access.current_user().name, "let-in", visit.id)
    return redirect(url_for(".invitation"), 303)


def _find_or_add_visit(tx: Tx, clinic: Clinic, criteria: MatchCriteria) -> Visit:
    """Return the patient's visit of today; add one if the list has none."""
    identity = (criteria.record_number, criteria.birth_date)
    listed = visits.list_visits(
        tx, clinic.id, *day_bounds(today.clinic_date(clinic), clinic.time_zone)
    )
    # The patient may be on the schedule, or the desk may have entered them twice.
    for visit in listed:
        if (visit.record_number, visit.birth_date) == identity:
            return visit
    visit = _build_visit(criteria, str(uuid4()), clinic, tx.now)
    visits.save_visit(tx, visit)
    return visit


def remove_walk_in(visit: str) -> ResponseReturnValue:
    """Remove a walk-in without answers from today's list."""
    # The visit's progress may have changed since the desk opened the page.
    with current_site().database.write() as tx:
        progress = visits.progress_by_visit(tx, [visit])[visit]
        is_removed = progress in today.NOT_STARTED and visits.remove_walk_in(tx, visit)
        if is_removed:
            audit.record_action(tx, access.current_user().name, "taken-off", visit)
    flash("The patient is removed from the list." if is_removed else ALREADY_HANDLED)
    return redirect(url_for(".today"), 303)


def correct_criteria(submission: str) -> ResponseReturnValue:
    """Have the worker search the chart with a corrected record number or birth date."""
    clinic = _clinic_of(submission)
    form = ChartForm(today.clinic_date(clinic))
    is_valid = form.validate()
    with current_site().database.write() as tx:
        candidates = unmatched.list_unmatched(tx, clinic.id)
        unmatched_submission = next(
            (candidate for candidate in candidates if candidate.id == submission), None
        )
        is_corrected = (
            is_valid
            and unmatched_submission is not None
            and _apply_correction(
                tx,
                clinic,
                unmatched_submission,
                replace(unmatched_submission.criteria, **_read_criteria(form)),
            )
        )
    # The form shows its errors itself, but only while the submission is still unmatched.
    if unmatched_submission is not None and not is_valid:
        return today.render_page(clinic, correct=(submission, form)), 422
    flash(
        "The worker searches the chart now. Refresh the page in a minute."
        if is_corrected
        else ALREADY_HANDLED
    )
    return redirect(url_for(".today", clinic=clinic.id), 303)


def _apply_correction(
    tx: Tx, clinic: Clinic, submission: UnmatchedSubmission, criteria: MatchCriteria
) -> bool:
    visit = visits.find_visit(tx, submission.visit, lock=True) if submission.visit else None
    # Today's list must show the corrected patient too, or the wrong number stays taken.
    if visit is not None and visit.match_state:
        visits.save_visit(tx, _build_visit(criteria, visit.id, clinic, visit.starts_at))
    audit.record_action(tx, access.current_user().name, "chart-corrected", submission.id)
    return unmatched.correct_criteria(tx, submission.id, criteria)


def _clinic_of(submission: str) -> Clinic:
    with current_site().database.read() as tx:
        record = find_record(tx, submission)
    return current_site().settings.clinics.get(record.clinic if record else "") or abort(404)


def _build_visit(
    criteria: MatchCriteria, identity: str, clinic: Clinic, starts_at: datetime
) -> Visit:
    """Return a visit that has only what the desk typed; the worker searches the chart."""
    return Visit(
        id=identity,
        clinic=clinic.id,
        server=clinic.server,
        patient=criteria.reference,
        starts_at=starts_at,
        birth_date=criteria.birth_date,
        record_number=criteria.record_number,
        match_state=MatchState.NEW,
    )


def _read_criteria(form: ChartForm) -> _TypedCriteria:
    return {"record_number": form.record_number.data, "birth_date": form.birth_date.data}
