"""A worker process that is killed during a delivery loses nothing and writes nothing twice."""

import signal
import subprocess
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from intake.answers import Submission
from tests.support.fault_proxy import Forward, ProxyRequest, ProxyResponse, at_next_transaction
from tests.support.outbox import ONE_OF_EACH, Outbox, count_effects
from tests.support.workers import start_worker

pytestmark = pytest.mark.server
PATIENCE = 60


class Held:
    """A committed transaction, the answer of which is delayed until the worker is dead."""

    def __init__(self) -> None:
        self.done, self.dead = Event(), Event()

    def __call__(self, asked: ProxyRequest, forward: Forward) -> ProxyResponse:
        answer = forward(asked)
        self.done.set()
        self.dead.wait(PATIENCE)
        return answer


def kill(process: subprocess.Popen[bytes], held: Held) -> None:
    """Kill the worker as soon as the server has committed its transaction."""
    try:
        assert held.done.wait(PATIENCE)
        process.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE) == -signal.SIGKILL
    finally:
        process.kill()
        held.dead.set()


def after_the_leases(outbox: Outbox, sent: list[Submission]) -> None:
    """Let the dead worker's leases end, and finish what it began."""
    outbox.clock.now = datetime.now(UTC) + timedelta(hours=1)
    for each in sent:
        outbox.work_until_closed(each)


def test_killed_between_the_servers_commit_and_its_answer(now: Outbox) -> None:
    sent, held = now.submit_example(now.create_patient()), Held()
    now.proxy.planned_faults = [at_next_transaction(held)]
    kill(start_worker(now), held)
    assert now.read_record(sent).sending
    after_the_leases(now, [sent])
    assert (
        now.read_state(sent)[0],
        now.proxy.count_transactions(),
        count_effects(now.direct_client, sent),
    ) == (
        "verified",
        1,
        ONE_OF_EACH,
    )


def test_one_worker_is_killed_and_two_others_go_on(now: Outbox) -> None:
    patients = [now.create_patient() for _ in range(8)]
    sent, held = [now.submit_example(each) for each in patients * 2], Held()
    now.proxy.planned_faults = [at_next_transaction(held)]
    kill(start_worker(now, "--once"), held)
    others = [start_worker(now, "--once"), start_worker(now, "--once")]
    try:
        assert [each.wait(PATIENCE) for each in others] == [0, 0]
    finally:
        for each in others:
            each.kill()
    verified = [each for each in sent if now.read_state(each)[0] == "verified"]
    # They have done everything except what the dead worker had leased, and what has to follow it.
    assert 0 < len(verified) < len(sent)
    after_the_leases(now, sent)
    assert {now.read_state(each)[0] for each in sent} == {"verified"}
    assert all(count_effects(now.direct_client, each) == ONE_OF_EACH for each in sent)
    assert now.proxy.count_transactions() == len(sent)
    assert [now.count_versions(each) for each in patients] == [2] * len(patients)


def test_a_stopped_worker_finishes_one_submission_and_releases_the_rest(now: Outbox) -> None:
    sent, held = [now.submit_example(now.create_patient()) for _ in range(3)], Held()
    now.proxy.planned_faults = [at_next_transaction(held)]
    worker = start_worker(now, "--once")
    try:
        assert held.done.wait(PATIENCE)
        worker.send_signal(signal.SIGTERM)
    finally:
        held.dead.set()
    assert worker.wait(PATIENCE) == 0
    assert [now.read_state(each)[0] for each in sent] == ["verified", "queued", "queued"]
    assert not any(now.read_record(each).sending for each in sent)
