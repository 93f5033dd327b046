"""Supersedes undelivered answers of a chart after a newer submission is verified."""

from intake.mapping.elements import covered_elements, stated_elements
from intake.settings import Settings
from intake.store.database import Tx
from intake.store.outbox import supersede
from intake.store.outbox.leases import LeasedSubmission
from intake.worker.corrections import is_answered_later, is_same_visit


def supersede_older_answers(tx: Tx, leased: LeasedSubmission, settings: Settings) -> None:
    """Supersede older, undelivered answers to the elements of this submission."""
    # Otherwise an older submission that arrives late would replace the newer answer.
    question_sets = settings.question_sets
    newer = covered_elements(leased.submission, question_sets.get(leased.submission.question_set))
    stated = stated_elements(leased.submission, settings)
    for older in supersede.list_undelivered(tx, leased):
        # Stored first and answered last: paper was entered after it. The newer answer stays due.
        if is_answered_later(older, leased):
            continue
        answered = covered_elements(
            older.submission, question_sets.get(older.submission.question_set)
        )
        # A correction also takes back what its answers rule out, such as tribes.
        is_correction = is_same_visit(older.submission, leased.submission, settings)
        replaced = stated if is_correction else newer
        # An unknown question set covers no element, so it is never known to have nothing left.
        nothing_left = bool(answered) and answered <= older.superseded_elements | replaced
        supersede.supersede_elements(tx, older, replaced & answered, nothing_left=nothing_left)
