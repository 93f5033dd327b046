"""The desk's page: who is expected today at a clinic, what their charts lack, how far they are."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, render_template, request, session

from intake.clock import bounds
from intake.pages.site import site
from intake.settings import Clinic
from intake.staff import access, inviting, words
from intake.staff.forms import ChartForm
from intake.staff.informants import needs
from intake.store import audit, informants, resting, unmatched, visits
from intake.store.database import Tx
from intake.store.unmatched import Unmatched
from intake.store.visits import Visit

CLINIC = "clinic"
OLD_AFTER = timedelta(minutes=15)
"""The worker fetches a schedule every five minutes; after three misses the desk is told."""
UNASKED = frozenset({"none", "link", "stopped", "code"})
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
        return words.PROGRESS[self.progress]

    @property
    def can_go(self) -> bool:
        """Whether the desk put them on the list, and can take them off it again."""
        return self.visit.sought is not None and self.progress in UNASKED


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/today", "today", show)
    inviting.register(blueprint)


def show() -> str:
    """Show the day."""
    return page(_chosen())


def page(
    clinic: Clinic, *, let_in: ChartForm | None = None, correct: tuple[str, ChartForm] | None = None
) -> str:
    """Show the day, with the form that could not be taken: that lets somebody in, or that corrects whose answers these are."""
    with site().database.read() as tx:
        lines = _lines(tx, clinic)
        lost = unmatched.waiting(tx, clinic.id)
        fetched = visits.last_fetched(tx, clinic.id)
        now = tx.now
    with site().database.write() as tx:
        # Whoever asks later who saw these names finds it here.
        audit.record(tx, access.user().name, "today-seen", clinic.id)
    return render_template(
        "staff/today.html",
        clinic=clinic,
        clinics=[(each.id, each.name) for each in site().settings.clinics.values()],
        lines=lines,
        first_near=next((line.visit.id for line in lines if line.near), None),
        fetched=fetched,
        is_old=fetched is not None and now - fetched > OLD_AFTER,
        now=now,
        let_in=let_in or _blank(clinic),
        refused=let_in or (correct and correct[1]),
        lost=[(each, _whose(each, clinic, correct)) for each in lost],
    )


def date_at(clinic: Clinic) -> date:
    """Return which day it is at the clinic."""
    return site().clock().astimezone(clinic.time_zone).date()


def _blank(clinic: Clinic) -> ChartForm:
    return ChartForm(date_at(clinic), formdata=None)


def _whose(lost: Unmatched, clinic: Clinic, refused: tuple[str, ChartForm] | None) -> ChartForm:
    """Return the form that corrects whose answers these are: as it was typed, or with what the desk had typed before."""
    if refused is not None and refused[0] == lost.id:
        return refused[1]
    form = _blank(clinic)
    form.process(record_number=lost.sought.record_number, birth_date=lost.sought.birth_date)
    return form


def _lines(tx: Tx, clinic: Clinic) -> list[Line]:
    start, end = bounds(date_at(clinic), clinic.time_zone)
    expected = visits.expected(tx, clinic.id, start, end)
    progress = visits.progress(tx, [visit.id for visit in expected])
    unasked = resting.not_asked(tx, clinic.server, [visit.patient for visit in expected])
    again = {
        patient: each.again.astimezone(clinic.time_zone).date() for patient, each in unasked.items()
    }
    answering = informants.proxies(tx, [visit.id for visit in expected])
    window = site().settings.times.appointment_window
    return [
        Line(
            visit=each,
            time=words.hour(each.starts_at, clinic.time_zone),
            progress=progress[each.id],
            near=abs(each.starts_at - tx.now) <= window,
            again=again.get(each.patient) if progress[each.id] in UNASKED else None,
            informant=needs(answering[each.id]) if each.id in answering else "",
        )
        for each in expected
    ]


def _chosen() -> Clinic:
    """The clinic that was asked for, else the one looked at last, else the first."""
    clinics = site().settings.clinics
    for name in (request.args.get(CLINIC, ""), str(session.get(CLINIC))):
        if name in clinics:
            session[CLINIC] = name
            return clinics[name]
    return next(iter(clinics.values()))
