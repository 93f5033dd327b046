"""A walk-in of the desk, and answers without a matching chart."""

from datetime import date, timedelta

from intake.answers import MatchCriteria
from intake.store import visits
from intake.store.outbox import leases, unmatched
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.hold import hold_submission
from intake.store.visits import Visit
from tests.support.outbox_steps import make_submission
from tests.support.sites import TestSite

SYSTEM = "http://example.org/mrn"
TYPED = {"record_number": "MRN 4711", "birth_date": "1990-03-05"}
CRITERIA = MatchCriteria(SYSTEM, "MRN 4711", date(1990, 3, 5))


def list_visits_today(site: TestSite) -> tuple[Visit, ...]:
    with site.database.read() as tx:
        return visits.list_visits(
            tx, "riverside", tx.now - timedelta(days=1), tx.now + timedelta(days=1)
        )


def hold_unmatched(site: TestSite, visit: str | None = None) -> str:
    """Hold a submission without a matching chart, and return its id."""
    submission = make_submission(CRITERIA.reference)
    with site.database.write() as tx:
        store_submission(tx, submission, "main", visit)
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=1))
        hold_submission(
            tx,
            leased,
            reason=unmatched.UNMATCHED_REASON,
            words="No chart in use has this record number. The desk corrects it.",
        )
    return str(submission.id)
