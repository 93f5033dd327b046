"""What has to go: drafts nobody touches, answers and earlier values whose time is over, visits and sign-ins of the past."""

from datetime import timedelta

from intake.settings import Settings
from intake.store import attempts, audit, drafts, sign_ins, visits
from intake.store.database import Database
from intake.store.outbox import submissions

VISITS_KEPT = timedelta(days=2)


def erase_expired(settings: Settings, database: Database) -> None:
    """Erase everything whose time is over."""
    times = settings.times
    with database.write() as tx:
        drafts.drop_idle_drafts(tx, kiosk=times.kiosk_drop, others=times.draft_idle)
        submissions.erase_expired(tx, payload_after=times.payload, undo_after=times.undo)
        visits.erase_visits(tx, tx.now - VISITS_KEPT)
        attempts.erase_attempts(tx, timedelta(days=1))
        audit.erase_entries(tx, times.audit)
        sign_ins.erase_expired(tx, sign_ins.SignInLimits(times.staff_idle, times.staff_longest))
