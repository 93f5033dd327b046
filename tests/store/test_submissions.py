"""The steps of the outbox for tests that have not moved to tests.support."""

from tests.support.outbox_steps import (
    LEASE,
    acquire_leases,
    make_submission,
    read_record,
    record_acceptance,
    run_in_transaction,
    store_submissions,
)

__all__ = [
    "LEASE",
    "acquire_leases",
    "make_submission",
    "read_record",
    "record_acceptance",
    "run_in_transaction",
    "store_submissions",
]
