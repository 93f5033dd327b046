"""The desk's page: who is expected today at a clinic, what their charts lack, how far they are."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, render_template, request, session

from intake.clock import bounds
from intake.pages.site import site
from intake.settings import Clinic
from intake.staff import access, inviting, words
from intake.store import audit, resting, visits
from intake.store.database import Tx
from intake.store.visits import Visit

CLINIC = "clinic"
OLD_AFTER = timedelta(minutes=15)
"""The worker fetches a schedule every five minutes; after three misses the desk is told."""
UNASKED = frozenset({"none", "link", "code"})
DONE = frozenset({"verified", "entered"})


@dataclass(frozen=True, slots=True)
class Line:
    """One expected patient, as the desk sees them.

    `near` is within the time around the appointment; before `again` nobody needs to ask them, for they answered before.
    """

    visit: Visit
    time: str
    progress: str
    near: bool
    again: date | None = None

    @property
    def done(self) -> bool:
        """Whether the answers are in the record."""
        return self.progress in DONE

    @property
    def words(self) -> str:
        """How far they are."""
        return words.PROGRESS[self.progress]


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/today", "today", show)
    inviting.register(blueprint)


def show() -> str:
    """Show the day."""
    clinic = _chosen()
    with site().database.read() as tx:
        lines = _lines(tx, clinic)
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
    )


def _lines(tx: Tx, clinic: Clinic) -> list[Line]:
    start, end = bounds(tx.now.astimezone(clinic.time_zone).date(), clinic.time_zone)
    expected = visits.expected(tx, clinic.id, start, end)
    progress = visits.progress(tx, [visit.id for visit in expected])
    unasked = resting.not_asked(tx, clinic.server, [visit.patient for visit in expected])
    again = {patient: each.again.astimezone(clinic.time_zone).date() for patient, each in unasked.items()}
    window = site().settings.times.appointment_window
    return [
        Line(
            visit=each,
            time=words.hour(each.starts_at, clinic.time_zone),
            progress=progress[each.id],
            near=abs(each.starts_at - tx.now) <= window,
            again=again.get(each.patient) if progress[each.id] in UNASKED else None,
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
