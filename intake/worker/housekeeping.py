"""Erases drafts, answers, prior values and visits after their retention time."""

from datetime import timedelta

from intake.settings import Settings
from intake.store import attempt_log, attempts, audit, drafts, sign_ins, visits
from intake.store.database import Database
from intake.store.outbox import chart_searches, erasure, facts
from intake.worker.verified_facts import keep_facts

VISIT_RETENTION = timedelta(days=2)
ATTEMPT_RETENTION = timedelta(days=1)


def erase_expired(settings: Settings, database: Database) -> None:
    """Erase everything that is past its retention time."""
    times = settings.times
    keep_facts(settings, database)
    # One transaction: a crash in between leaves nothing half erased.
    with database.write() as tx:
        drafts.drop_idle_drafts(tx, kiosk=times.kiosk_drop, others=times.draft_idle)
        chart_searches.erase_searches(tx)
        attempt_log.erase_attempt_log(tx, times.undo)
        erasure.erase_expired(tx, payload_after=times.payload, undo_after=times.undo)
        facts.erase_facts(tx, facts_after=times.facts)
        visits.erase_visits(tx, tx.now - VISIT_RETENTION)
        attempts.erase_attempts(tx, ATTEMPT_RETENTION)
        audit.erase_entries(tx, times.audit)
        sign_ins.erase_expired(tx, sign_ins.SignInLimits(times.staff_idle, times.staff_longest))
