"""The worker's names in one place, for callers that have not moved to the single modules."""

from intake.store.outbox.chart_assignment import assign_chart, follow_merged_chart
from intake.store.outbox.delivery_steps import (
    mark_accepted,
    mark_verified,
    record_decisions,
    record_sending,
    schedule_retry,
)
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.lease_core import (
    LeasedSubmission,
    LeasedWork,
    acquire_leases,
    has_due,
    release_lease,
    renew_lease,
)
from intake.store.outbox.supersede import drop_superseded_elements

__all__ = [
    "LeasedSubmission",
    "LeasedWork",
    "acquire_leases",
    "assign_chart",
    "drop_superseded_elements",
    "follow_merged_chart",
    "has_due",
    "hold_submission",
    "mark_accepted",
    "mark_verified",
    "record_decisions",
    "record_sending",
    "release_lease",
    "renew_lease",
    "schedule_retry",
]
