"""Under fire: faults on the way, workers killed at random; each submission has one effect, and nothing else changes."""

from random import Random
from time import monotonic
from typing import Any

import pytest

from intake.store import submissions
from tests.census import Account, account, census
from tests.crews import crew
from tests.crowds import crowd, speak
from tests.outbox import Outbox
from tests.storms import TIMEOUT, Storm

pytestmark = pytest.mark.fire
SEED = 20261124
SAMPLE, WHOLE = {"medplum": 200}, {"medplum": 2000}
OF_OTHERS = {"sample": 50, "whole": 300}
PATIENTS_AMONG = 0.75
"""Patients per submission: every third one comes again, and says something else."""
SECONDS_EACH, PATIENCE = 2, 240
"""How long a submission may take on average, and how long the last one."""


@pytest.fixture
def count(make: str, pytestconfig: pytest.Config) -> int:
    """How many submissions: a sample, or all."""
    whole = pytestconfig.getoption("whole_fire")
    return (WHOLE if whole else SAMPLE).get(make, OF_OTHERS["whole" if whole else "sample"])


def test_exactly_once_under_fire(now: Outbox, count: int, record_property: Any) -> None:
    file = now.settings_file
    file.write_text(
        file.read_text("utf-8").replace("timeout_seconds = 5", f"timeout_seconds = {TIMEOUT}"),
        "utf-8",
    )
    patients, began = crowd(now.real, round(count * PATIENTS_AMONG)), monotonic()
    before = census(now.real)
    sent = speak(now, patients, count, SEED)
    now.proxy.always = storm = Storm(SEED)
    with crew(now) as workers:
        left = workers.until_done(PATIENCE + count * SECONDS_EACH, Random(SEED))
    now.proxy.always = None
    with now.database.read() as tx:
        states = {state.value: number for state, number in submissions.counts(tx).items() if number}
    found = account(before, census(now.real), sent, now.settings)
    record_property("submissions", count)
    record_property("states", states)
    record_property("requests", storm.met.total())
    record_property("faults", storm.met.total() - storm.met["passed"])
    record_property("kills", workers.killed)
    record_property("seconds", round(monotonic() - began))
    record_property("found", found)
    assert (left, states, found) == (0, {"verified": count}, Account())
    assert workers.killed > 0
