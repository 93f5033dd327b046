"""Supersedes undelivered answers of a chart after a newer submission is verified."""

from intake.mapping.elements import covered_elements
from intake.settings import Settings
from intake.store.database import Tx
from intake.store.outbox import supersede
from intake.store.outbox.leases import LeasedSubmission


def supersede_older_answers(tx: Tx, leased: LeasedSubmission, settings: Settings) -> None:
    """Supersede older, undelivered answers to the elements of this submission."""
    # Otherwise an older submission that arrives late would replace the newer answer.
    question_sets = settings.question_sets
    newer = covered_elements(leased.submission, question_sets.get(leased.submission.question_set))
    for older in supersede.list_undelivered(tx, leased):
        answered = covered_elements(
            older.submission, question_sets.get(older.submission.question_set)
        )
        # An unknown question set covers no element: then nobody can say that nothing is left.
        nothing_left = bool(answered) and answered <= older.superseded_elements | newer
        supersede.supersede_elements(tx, older, newer & answered, nothing_left=nothing_left)
