"""A reviewer's decisions about conflicts."""

from collections.abc import Mapping

import pytest

from fhir_client.model import Conflict
from intake.store.database import Database, Tx
from intake.store.outbox import (
    conflict_decisions,
)
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision
from intake.store.outbox.discard import discard_submission
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.records import Status
from tests.support.outbox_steps import (
    acquire_leases,
    make_submission,
    read_record,
    run_in_transaction,
    store_submissions,
)


def test_a_decision_does_not_restore_a_submission_discarded_since(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = make_submission()
    store_submissions(database, submission)
    [leased] = acquire_leases(database)
    conflicts = conflict_decisions.encode_conflicts(
        (Conflict("race", ("White",), ("Asian",), "over"),)
    )
    run_in_transaction(
        database,
        lambda tx: hold_submission(
            tx, leased, reason=conflict_decisions.CONFLICT_REASON, words="Look.", detail=conflicts
        ),
    )
    encrypt = conflict_decisions.encrypt_decisions

    def discard_first(tx: Tx, decisions: Mapping[str, ConflictDecision], identity: str) -> bytes:
        discard_submission(tx, identity)
        return encrypt(tx, decisions, identity)

    monkeypatch.setattr(conflict_decisions, "encrypt_decisions", discard_first)
    assert not run_in_transaction(
        database,
        lambda tx: conflict_decisions.decide_conflicts(
            tx, str(submission.id), {"race": ConflictDecision(ConflictChoice.PERSON, "over")}
        ),
    )
    assert read_record(database, submission).status is Status.DISCARDED
