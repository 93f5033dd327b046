"""A worker killed during a delivery loses nothing and writes nothing twice."""

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


class DelayedAnswer:
    """A committed transaction whose answer is delayed until the worker is dead."""

    def __init__(self) -> None:
        self.done, self.dead = Event(), Event()

    def __call__(self, request: ProxyRequest, forward: Forward) -> ProxyResponse:
        answer = forward(request)
        self.done.set()
        self.dead.wait(PATIENCE)
        return answer


def kill_after_commit(process: subprocess.Popen[bytes], answer: DelayedAnswer) -> None:
    """Kill the worker as soon as the server has committed its transaction."""
    try:
        assert answer.done.wait(PATIENCE)
        process.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE) == -signal.SIGKILL
    finally:
        process.kill()
        answer.dead.set()


def after_the_leases(outbox: Outbox, all_submissions: list[Submission]) -> None:
    """Let the dead worker's leases end, and finish what it began."""
    outbox.clock.now = datetime.now(UTC) + timedelta(hours=1)
    for submission in all_submissions:
        outbox.work_until_closed(submission)


def test_killed_between_the_servers_commit_and_its_answer(now: Outbox) -> None:
    submission, answer = now.submit_example(now.create_patient()), DelayedAnswer()
    now.proxy.planned_faults = [at_next_transaction(answer)]
    kill_after_commit(start_worker(now), answer)
    assert now.read_record(submission).sending
    after_the_leases(now, [submission])
    assert (
        now.read_state(submission)[0],
        now.proxy.count_transactions(),
        count_effects(now.direct_client, submission),
    ) == (
        "verified",
        1,
        ONE_OF_EACH,
    )


def test_one_worker_is_killed_and_two_others_go_on(now: Outbox) -> None:
    patients = [now.create_patient() for _ in range(8)]
    all_submissions, answer = [now.submit_example(each) for each in patients * 2], DelayedAnswer()
    now.proxy.planned_faults = [at_next_transaction(answer)]
    kill_after_commit(start_worker(now, "--once"), answer)
    others = [start_worker(now, "--once"), start_worker(now, "--once")]
    try:
        assert [worker.wait(PATIENCE) for worker in others] == [0, 0]
    finally:
        for worker in others:
            worker.kill()
    verified = [
        submission for submission in all_submissions if now.read_state(submission)[0] == "verified"
    ]
    # They have done everything except what the dead worker had leased, and what has to follow it.
    assert 0 < len(verified) < len(all_submissions)
    after_the_leases(now, all_submissions)
    assert {now.read_state(submission)[0] for submission in all_submissions} == {"verified"}
    assert all(
        count_effects(now.direct_client, submission) == ONE_OF_EACH
        for submission in all_submissions
    )
    assert now.proxy.count_transactions() == len(all_submissions)
    assert [now.count_versions(patient) for patient in patients] == [2] * len(patients)


def test_a_stopped_worker_finishes_one_submission_and_releases_the_rest(now: Outbox) -> None:
    all_submissions, answer = (
        [now.submit_example(now.create_patient()) for _ in range(3)],
        DelayedAnswer(),
    )
    now.proxy.planned_faults = [at_next_transaction(answer)]
    worker = start_worker(now, "--once")
    try:
        assert answer.done.wait(PATIENCE)
        worker.send_signal(signal.SIGTERM)
    finally:
        answer.dead.set()
    assert worker.wait(PATIENCE) == 0
    assert [now.read_state(submission)[0] for submission in all_submissions] == [
        "verified",
        "queued",
        "queued",
    ]
    assert not any(now.read_record(submission).sending for submission in all_submissions)
