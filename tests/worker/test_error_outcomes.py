"""A temporary error waits, a server's fault pauses it, the rest is held."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fhir_client.errors import (
    AccessError,
    FhirError,
    ServerError,
    TemporaryError,
    VersionConflictError,
)
from intake.ehr.contacts import error_reason
from intake.store import servers
from intake.worker.error_outcomes import (
    retry_outcome,
    server_error_outcome,
    unforeseen_outcome,
)
from intake.worker.outcomes import Held, ServerPaused, Waiting
from tests.support.worker_site import WorkerSite

DOWN, STALE = TemporaryError("Down.", 503), VersionConflictError("Stale.", 412)


def record_success(site: WorkerSite) -> None:
    with site.database.write() as tx:
        servers.record_success(tx, "main")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AccessError("No key.", 401), "credentials"),
        (ServerError("No access.", 403), "http-403"),
        (TemporaryError("No answer."), "no-answer"),
    ],
)
def test_the_reason_is_the_status_or_our_own_access(error: FhirError, reason: str) -> None:
    assert error_reason(error) == reason


def test_a_temporary_error_waits_for_at_least_retry_after(worker_site: WorkerSite) -> None:
    leased = worker_site.lease_new()
    short = retry_outcome(worker_site.context, leased, TemporaryError("Busy.", 503))
    minute = timedelta(minutes=1)
    long = retry_outcome(worker_site.context, leased, TemporaryError("Busy.", 429, minute))
    assert isinstance(short, Waiting)
    assert isinstance(long, Waiting)
    assert (short.delay, short.server_delay) == (timedelta(seconds=1.5), None)
    assert (long.delay, long.server_delay) == (minute, minute)
    assert (short.is_failing, long.is_failing) == (True, False)


@pytest.mark.parametrize("error", [DOWN, STALE])
def test_a_submission_that_fails_alone_for_a_day_is_held(
    worker_site: WorkerSite, error: TemporaryError | VersionConflictError
) -> None:
    failing_since = worker_site.clock() - timedelta(days=1)
    leased = replace(worker_site.lease_new(), failing_since=failing_since)
    assert isinstance(retry_outcome(worker_site.context, leased, error), Waiting)
    record_success(worker_site)
    outcome = retry_outcome(worker_site.context, leased, error)
    assert isinstance(outcome, Held)
    assert outcome.reason == "fails-alone"


def test_a_server_that_fails_all_for_a_day_holds_none(worker_site: WorkerSite) -> None:
    record_success(worker_site)
    worker_site.clock.advance(days=1)
    failing_since = worker_site.clock() - timedelta(days=1)
    leased = replace(worker_site.lease_new(), failing_since=failing_since)
    assert isinstance(retry_outcome(worker_site.context, leased, DOWN), Waiting)


def test_a_submission_that_is_forbidden_alone_is_held(worker_site: WorkerSite) -> None:
    leased = worker_site.lease_new()
    forbidden = ServerError("Forbidden.", 403)
    outcome = server_error_outcome(worker_site.context, leased, forbidden)
    assert outcome == ServerPaused(leased, "http-403", "Forbidden.")
    # Another submission succeeds before this one is forbidden for the second time.
    record_success(worker_site)
    again = replace(leased, record=replace(leased.record, reason="http-403"))
    held = server_error_outcome(worker_site.context, again, forbidden)
    assert isinstance(held, Held)
    assert held.reason == "refused"


def test_an_unforeseen_error_is_held_without_its_own_words(worker_site: WorkerSite) -> None:
    leased = worker_site.lease_new()
    try:
        raise ValueError("Lan Nguyen")
    except ValueError as error:
        outcome = unforeseen_outcome(leased, error)
    assert (outcome.reason, outcome.server_answered) == ("fault", False)
    assert "ValueError" in outcome.message
    assert "Nguyen" not in outcome.message
    assert outcome.location.startswith("test_error_outcomes.py:")
