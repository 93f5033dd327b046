"""The desk's page: who is expected today at a clinic, what their charts lack, how far they are."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, render_template, request, session

from intake.clock import day_bounds
from intake.pages.site import current_site
from intake.settings import Clinic
from intake.staff import access, invitations, labels
from intake.staff.forms import ChartForm
from intake.staff.informants import describe_needs
from intake.store import audit, visits
from intake.store.database import Tx
from intake.store.outbox import proxies, reask_intervals, unmatched
from intake.store.outbox.unmatched import UnmatchedSubmission
from intake.store.visits import Visit

CLINIC_KEY = "clinic"
OLD_AFTER = timedelta(minutes=15)
"""The worker fetches a schedule every five minutes; after three misses the desk is told."""
NOT_STARTED = frozenset({"none", "link", "stopped", "code"})
DONE = frozenset({"verified", "entered"})


@dataclass(frozen=True, slots=True)
class Line:
    """One expected patient, as the desk sees them.

    `near` is within the time around the appointment; before `again` nobody needs to ask them, for they answered before.
    `informant` says how to speak with whoever answered for them.
    """

    visit: Visit
    time: str
    progress: str
    near: bool
    again: date | None = None
    informant: str = ""

    @property
    def done(self) -> bool:
        """Whether the answers are in the record."""
        return self.progress in DONE

    @property
    def words(self) -> str:
        """How far they are."""
        return labels.PROGRESS_LABELS[self.progress]

    @property
    def can_go(self) -> bool:
        """Whether the desk put them on the list, and can take them off it again."""
        return self.visit.sought is not None and self.progress in NOT_STARTED


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/today", "today", show)
    invitations.register_pages(blueprint)


def show() -> str:
    """Show the day."""
    return render_page(_chosen())


def render_page(
    clinic: Clinic, *, let_in: ChartForm | None = None, correct: tuple[str, ChartForm] | None = None
) -> str:
    """Show the day, with the form that could not be taken: that lets somebody in, or that corrects whose answers these are."""
    with current_site().database.read() as tx:
        lines = _lines(tx, clinic)
        lost = unmatched.list_unmatched(tx, clinic.id)
        fetched = visits.last_fetched_at(tx, clinic.id)
        now = tx.now
    with current_site().database.write() as tx:
        # Whoever asks later who saw these names finds it here.
        audit.record_action(tx, access.current_user().name, "today-seen", clinic.id)
    return render_template(
        "staff/today.html",
        clinic=clinic,
        clinics=[(each.id, each.name) for each in current_site().settings.clinics.values()],
        lines=lines,
        first_near=next((line.visit.id for line in lines if line.near), None),
        fetched=fetched,
        is_old=fetched is not None and now - fetched > OLD_AFTER,
        now=now,
        let_in=let_in or _blank(clinic),
        refused=let_in or (correct and correct[1]),
        lost=[(each, _whose(each, clinic, correct)) for each in lost],
    )


def clinic_date(clinic: Clinic) -> date:
    """Return which day it is at the clinic."""
    return current_site().clock().astimezone(clinic.time_zone).date()


def _blank(clinic: Clinic) -> ChartForm:
    return ChartForm(clinic_date(clinic), formdata=None)


def _whose(
    lost: UnmatchedSubmission, clinic: Clinic, refused: tuple[str, ChartForm] | None
) -> ChartForm:
    """Return the form that corrects whose answers these are: as it was typed, or with what the desk had typed before."""
    if refused is not None and refused[0] == lost.id:
        return refused[1]
    form = _blank(clinic)
    form.process(record_number=lost.sought.record_number, birth_date=lost.sought.birth_date)
    return form


def _lines(tx: Tx, clinic: Clinic) -> list[Line]:
    start, end = day_bounds(clinic_date(clinic), clinic.time_zone)
    expected = visits.list_visits(tx, clinic.id, start, end)
    progress = visits.progress_by_visit(tx, [visit.id for visit in expected])
    unasked = reask_intervals.current_intervals(
        tx, clinic.server, [visit.patient for visit in expected]
    )
    again = {
        patient: each.again.astimezone(clinic.time_zone).date() for patient, each in unasked.items()
    }
    answering = proxies.newest_proxy_submissions(tx, [visit.id for visit in expected])
    window = current_site().settings.times.appointment_window
    return [
        Line(
            visit=each,
            time=labels.hour(each.starts_at, clinic.time_zone),
            progress=progress[each.id],
            near=abs(each.starts_at - tx.now) <= window,
            again=again.get(each.patient) if progress[each.id] in NOT_STARTED else None,
            informant=describe_needs(answering[each.id]) if each.id in answering else "",
        )
        for each in expected
    ]


def _chosen() -> Clinic:
    """The clinic that was asked for, else the one looked at last, else the first."""
    clinics = current_site().settings.clinics
    for name in (request.args.get(CLINIC_KEY, ""), str(session.get(CLINIC_KEY))):
        if name in clinics:
            session[CLINIC_KEY] = name
            return clinics[name]
    return next(iter(clinics.values()))
