"""Collects what the merge needs: the merge base, and what this site wrote since."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from fhir_client.uscore.chart import elements_of_part
from fhir_client.write.charts import MergeContext
from intake.mapping.elements import all_covered_elements
from intake.settings import Settings
from intake.store.database import Database
from intake.store.outbox import supersede
from intake.store.outbox.conflict_decisions import ConflictChoice
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.supersede import RelatedSubmission
from intake.store.outbox.undo_records import UndoRecord
from intake.worker.undo_records import decode_prior_values

SCHEDULE_MAX_AGE = timedelta(days=3)
"""The merge base comes from a schedule fetch that can be this old.

What this site wrote since then is no change by others.
"""


@dataclass(frozen=True, slots=True)
class EarlierSubmissions:
    """What this site sent for the same chart before this submission."""

    recently_sent: tuple[RelatedSubmission, ...]
    recently_undone: tuple[UndoRecord, ...]
    sent_ids: tuple[str, ...]


def read_earlier_submissions(database: Database, leased: LeasedSubmission) -> EarlierSubmissions:
    """Read what this site sent for the same chart before this submission."""
    oldest = leased.record.queued_at - SCHEDULE_MAX_AGE
    with database.read() as tx:
        return EarlierSubmissions(
            supersede.list_sent_since(tx, leased, oldest),
            supersede.list_undone_since(tx, leased, oldest),
            supersede.list_sent_ids(tx, leased),
        )


def build_merge_context(
    leased: LeasedSubmission, earlier: EarlierSubmissions, settings: Settings
) -> MergeContext:
    """Return the merge base, this site's own changes since, and the decisions."""
    decided_values = {
        element: decision.over
        for element, decision in leased.decisions.items()
        if decision.take is ConflictChoice.PERSON
    }
    return MergeContext(
        leased.merge_base.birth_date,
        leased.merge_base.chart,
        _own_changes(earlier, settings),
        frozenset(map(UUID, earlier.sent_ids)),
        decided_values,
    )


def _own_changes(earlier: EarlierSubmissions, settings: Settings) -> frozenset[str]:
    # An undo changes the chart too: it puts prior values back.
    undone = (
        elements_of_part(part.chart_part)
        for undo_record in earlier.recently_undone
        for part in decode_prior_values(undo_record).parts
    )
    submissions = (related.submission for related in earlier.recently_sent)
    return all_covered_elements(submissions, settings).union(*undone)
