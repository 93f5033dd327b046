"""What has to go: drafts nobody touches, answers and earlier values whose time is over, visits and sign-ins of the past."""

from datetime import timedelta

from intake.settings import Settings
from intake.store import attempts, audit, drafts, sign_ins, submissions, visits
from intake.store.database import Database

VISITS_KEPT = timedelta(days=2)


def tidy(settings: Settings, database: Database) -> None:
    """Erase everything whose time is over."""
    times = settings.times
    with database.write() as tx:
        drafts.drop_idle(tx, kiosk=times.kiosk_drop, others=times.draft_idle)
        submissions.erase(tx, payload_after=times.payload, undo_after=times.undo)
        visits.erase(tx, tx.now - VISITS_KEPT)
        attempts.erase(tx, timedelta(days=1))
        audit.erase(tx, times.audit)
        sign_ins.erase(tx, sign_ins.Limits(times.staff_idle, times.staff_longest))
