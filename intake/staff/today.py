"""The desk's page: today's patients at a clinic, their gaps and their progress."""

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
"""The worker fetches schedules every five minutes: this is three misses."""

NOT_STARTED = frozenset({"none", "link", "stopped", "code"})
DONE = frozenset({"verified", "entered"})


@dataclass(frozen=True, slots=True)
class ExpectedPatient:
    """One line of today's list.

    `is_near` marks appointments around now. Before `reask_on` the desk need not ask the patient
    again. `informant` says how to speak with the patient's informant.
    """

    visit: Visit
    time: str
    progress: str
    is_near: bool
    reask_on: date | None = None
    informant: str = ""

    @property
    def is_done(self) -> bool:
        """Return whether the answers are in the record."""
        return self.progress in DONE

    @property
    def progress_label(self) -> str:
        """Return the patient's progress in words."""
        return labels.PROGRESS_LABELS[self.progress]

    @property
    def can_be_removed(self) -> bool:
        """Return whether the desk added the patient and nothing was answered yet."""
        return self.visit.match_state is not None and self.progress in NOT_STARTED


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/today", "today", show_today)
    invitations.register_pages(blueprint)


def show_today() -> str:
    """Show the day."""
    return render_page(_choose_clinic())


def render_page(
    clinic: Clinic, *, let_in: ChartForm | None = None, correct: tuple[str, ChartForm] | None = None
) -> str:
    """Return the page, with a form that had errors.

    `let_in` is the form for a walk-in; `correct` is a submission's id with its form.
    """
    with current_site().database.read() as tx:
        patients = _list_patients(tx, clinic)
        unmatched_submissions = unmatched.list_unmatched(tx, clinic.id)
        fetched = visits.last_fetched_at(tx, clinic.id)
        now = tx.now
    with current_site().database.write() as tx:
        # The page shows names, so that every view of it leaves an audit entry.
        audit.record_action(tx, access.current_user().name, "today-seen", clinic.id)
    clinics = current_site().settings.clinics.values()
    return render_template(
        "staff/today.html",
        clinic=clinic,
        clinics=[(option.id, option.name) for option in clinics],
        patients=patients,
        first_near=next((patient.visit.id for patient in patients if patient.is_near), None),
        fetched=fetched,
        is_old=fetched is not None and now - fetched > OLD_AFTER,
        now=now,
        let_in=let_in or _empty_form(clinic),
        refused=let_in or (correct and correct[1]),
        unmatched=[
            (submission, _correction_form(submission, clinic, correct))
            for submission in unmatched_submissions
        ],
    )


def clinic_date(clinic: Clinic) -> date:
    """Return today's date at the clinic."""
    return current_site().clock().astimezone(clinic.time_zone).date()


def _empty_form(clinic: Clinic) -> ChartForm:
    # Without `formdata=None` the form would take what another form of the page sent.
    return ChartForm(clinic_date(clinic), formdata=None)


def _correction_form(
    submission: UnmatchedSubmission, clinic: Clinic, refused: tuple[str, ChartForm] | None
) -> ChartForm:
    """Return the form to correct the record number or birth date of a submission.

    It shows the desk's last entries: those with errors, or else those that matched no chart.
    """
    if refused is not None and refused[0] == submission.id:
        return refused[1]
    form = _empty_form(clinic)
    form.process(
        record_number=submission.criteria.record_number, birth_date=submission.criteria.birth_date
    )
    return form


def _list_patients(tx: Tx, clinic: Clinic) -> list[ExpectedPatient]:
    start, end = day_bounds(clinic_date(clinic), clinic.time_zone)
    expected = visits.list_visits(tx, clinic.id, start, end)
    progress = visits.progress_by_visit(tx, [visit.id for visit in expected])
    intervals = reask_intervals.current_intervals(
        tx, clinic.server, [visit.patient for visit in expected]
    )
    reask_dates = {
        patient: interval.again.astimezone(clinic.time_zone).date()
        for patient, interval in intervals.items()
    }
    proxy_submissions = proxies.newest_proxy_submissions(tx, [visit.id for visit in expected])
    # The kiosk uses the same window, so the desk sees the patients that it can find now.
    window = current_site().settings.times.appointment_window
    return [
        ExpectedPatient(
            visit=visit,
            time=labels.format_time(visit.starts_at, clinic.time_zone),
            progress=progress[visit.id],
            is_near=abs(visit.starts_at - tx.now) <= window,
            # The answers of this visit started the interval themselves once it has any.
            reask_on=reask_dates.get(visit.patient) if progress[visit.id] in NOT_STARTED else None,
            informant=describe_needs(proxy_submissions[visit.id])
            if visit.id in proxy_submissions
            else "",
        )
        for visit in expected
    ]


def _choose_clinic() -> Clinic:
    """Return the clinic of the address, else the last one shown, else the first."""
    # The desk of one clinic must not choose it again on every visit of the page.
    clinics = current_site().settings.clinics
    for name in (request.args.get(CLINIC_KEY, ""), str(session.get(CLINIC_KEY))):
        if name in clinics:
            session[CLINIC_KEY] = name
            return clinics[name]
    return next(iter(clinics.values()))
