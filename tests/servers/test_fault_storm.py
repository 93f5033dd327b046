"""Under random faults and kills each submission has one effect."""

from random import Random
from time import monotonic
from typing import Any

import pytest

from intake.store.outbox.counts import count_by_status
from tests.support.census import Discrepancies, compare_censuses, take_census
from tests.support.fault_storm import CLIENT_TIMEOUT, FaultStorm
from tests.support.many_patients import create_patients, submit_generated
from tests.support.outbox import Outbox
from tests.support.workers import run_workers

pytestmark = pytest.mark.fire
SEED = 20261124
SAMPLE, WHOLE = {"medplum": 200}, {"medplum": 2000}
OF_OTHERS = {"sample": 50, "whole": 300}
PATIENTS_AMONG = 0.75
"""Patients per submission: every third patient answers again, and differently."""
SECONDS_EACH, PATIENCE = 2, 240
"""Seconds that a submission may take on average, and that the last one may take."""


@pytest.fixture
def count(make: str, pytestconfig: pytest.Config) -> int:
    """How many submissions: a sample, or all."""
    whole = pytestconfig.getoption("whole_fire")
    return (WHOLE if whole else SAMPLE).get(make, OF_OTHERS["whole" if whole else "sample"])


def test_exactly_once_under_fire(now: Outbox, count: int, record_property: Any) -> None:
    file = now.settings_file
    file.write_text(
        file.read_text("utf-8").replace(
            "timeout_seconds = 5", f"timeout_seconds = {CLIENT_TIMEOUT}"
        ),
        "utf-8",
    )
    patients, began = create_patients(now.direct_client, round(count * PATIENTS_AMONG)), monotonic()
    before = take_census(now.direct_client)
    all_submissions = submit_generated(now, patients, count, SEED)
    now.proxy.default_fault = storm = FaultStorm(SEED)
    with run_workers(now) as workers:
        left = workers.wait_until_done(PATIENCE + count * SECONDS_EACH, Random(SEED))
    now.proxy.default_fault = None
    with now.database.read() as tx:
        states = {state.value: number for state, number in count_by_status(tx).items() if number}
    discrepancies = compare_censuses(
        before, take_census(now.direct_client), all_submissions, now.settings
    )
    record_property("submissions", count)
    record_property("states", states)
    record_property("requests", storm.fault_counts.total())
    record_property("faults", storm.fault_counts.total() - storm.fault_counts["passed"])
    record_property("kills", workers.killed_count)
    record_property("seconds", round(monotonic() - began))
    record_property("found", discrepancies)
    assert (left, states, discrepancies) == (0, {"verified": count}, Discrepancies())
    assert workers.killed_count > 0
