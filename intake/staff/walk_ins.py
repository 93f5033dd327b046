"""Who is on no schedule: the desk lets them in by record number and date of birth, and corrects these if they are wrong."""

from dataclasses import replace
from datetime import datetime
from typing import Any
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
from intake.store.outbox import submissions, unmatched
from intake.store.outbox.unmatched import UnmatchedSubmission
from intake.store.visits import MatchState, Visit

LATER = "Somebody else has dealt with it meanwhile."


def register_pages(blueprint: Blueprint) -> None:
    """Add what the desk can do."""
    blueprint.add_url_rule("/clinics/<clinic>/visits", "let_in", let_in, methods=["POST"])
    blueprint.add_url_rule("/visits/<visit>/off", "take_off", take_off, methods=["POST"])
    blueprint.add_url_rule("/unmatched/<submission>", "correct_chart", correct, methods=["POST"])


def let_in(clinic: str) -> ResponseReturnValue:
    """Put somebody on today's list, and make the code that lets them in."""
    found = current_site().settings.clinics.get(clinic)
    if found is None or not found.record_number_system:
        abort(404)
    form = ChartForm(today.clinic_date(found))
    if not form.validate():
        return today.render_page(found, let_in=form), 422
    with current_site().database.write() as tx:
        visit = _put(tx, found, MatchCriteria(found.record_number_system, **_typed(form)))
        invitations.hand_out_code(tx, visit)
        audit.record_action(tx, access.current_user().name, "let-in", visit.id)
    return redirect(url_for(".invitation"), 303)


def _put(tx: Tx, clinic: Clinic, sought: MatchCriteria) -> Visit:
    """Return the visit of that patient of today; who is on the list already, be it by the schedule, is not put there again."""
    whose = (sought.record_number, sought.birth_date)
    listed = visits.list_visits(
        tx, clinic.id, *day_bounds(today.clinic_date(clinic), clinic.time_zone)
    )
    known = next((each for each in listed if (each.record_number, each.birth_date) == whose), None)
    if known is not None:
        return known
    visit = _sought(sought, str(uuid4()), clinic, tx.now)
    visits.save_visit(tx, visit)
    return visit


def take_off(visit: str) -> ResponseReturnValue:
    """Take somebody off today's list whom the desk put there, and who has said nothing."""
    with current_site().database.write() as tx:
        gone = visits.progress_by_visit(tx, [visit])[
            visit
        ] in today.NOT_STARTED and visits.remove_walk_in(tx, visit)
        if gone:
            audit.record_action(tx, access.current_user().name, "taken-off", visit)
    flash("They are off the list." if gone else LATER)
    return redirect(url_for(".today"), 303)


def correct(submission: str) -> ResponseReturnValue:
    """Have the chart of answers looked for by another record number or date of birth."""
    clinic = _clinic_of(submission)
    form = ChartForm(today.clinic_date(clinic))
    taken = form.validate()
    with current_site().database.write() as tx:
        held = next(
            (each for each in unmatched.list_unmatched(tx, clinic.id) if each.id == submission),
            None,
        )
        done = (
            taken
            and held is not None
            and _correct(tx, clinic, held, replace(held.sought, **_typed(form)))
        )
    # What is wrong is said in the form itself, which is gone where somebody else was quicker.
    if held is not None and not taken:
        return today.render_page(clinic, correct=(submission, form)), 422
    flash("The chart is looked for now. Look again in a minute." if done else LATER)
    return redirect(url_for(".today", clinic=clinic.id), 303)


def _correct(tx: Tx, clinic: Clinic, held: UnmatchedSubmission, sought: MatchCriteria) -> bool:
    listed = visits.find_visit(tx, held.visit, lock=True) if held.visit else None
    if listed is not None and listed.sought:
        visits.save_visit(tx, _sought(sought, listed.id, clinic, listed.starts_at))
    audit.record_action(tx, access.current_user().name, "chart-corrected", held.id)
    return unmatched.correct_criteria(tx, held.id, sought)


def _clinic_of(submission: str) -> Clinic:
    with current_site().database.read() as tx:
        row = submissions.find_record(tx, submission)
    return current_site().settings.clinics.get(row.clinic if row else "") or abort(404)


def _sought(sought: MatchCriteria, identity: str, clinic: Clinic, since: datetime) -> Visit:
    """Return the visit of somebody of whom nothing is known but whom the desk says it is."""
    return Visit(
        id=identity,
        clinic=clinic.id,
        server=clinic.server,
        patient=sought.reference,
        starts_at=since,
        birth_date=sought.birth_date,
        record_number=sought.record_number,
        sought=MatchState.NEW,
    )


def _typed(form: ChartForm) -> dict[str, Any]:
    return {"record_number": form.record_number.data, "birth_date": form.birth_date.data}
