"""Workers as processes of their own, one of them killed in the middle of a delivery: nothing lost, nothing twice."""

import signal
import subprocess
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from intake.answers import Submission
from tests.crews import start
from tests.faults import Answered, Asked, Forward, at_transaction
from tests.outbox import ONE, Outbox, effects

pytestmark = pytest.mark.server
PATIENCE = 60


class Held:
    """A transaction that the server has done and whose answer is held back until the worker is dead."""

    def __init__(self) -> None:
        self.done, self.dead = Event(), Event()

    def __call__(self, asked: Asked, forward: Forward) -> Answered:
        answer = forward(asked)
        self.done.set()
        self.dead.wait(PATIENCE)
        return answer


def kill(process: subprocess.Popen[bytes], held: Held) -> None:
    """Kill the worker as soon as the server has done its transaction."""
    try:
        assert held.done.wait(PATIENCE)
        process.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE) == -signal.SIGKILL
    finally:
        process.kill()
        held.dead.set()


def after_the_leases(outbox: Outbox, sent: list[Submission]) -> None:
    """Let the dead worker's leases run out, and finish what it began."""
    outbox.clock.now = datetime.now(UTC) + timedelta(hours=1)
    for each in sent:
        outbox.work_until_closed(each)


def test_killed_between_the_servers_commit_and_its_answer(now: Outbox) -> None:
    sent, held = now.submit(now.patient()), Held()
    now.proxy.plan = [at_transaction(held)]
    kill(start(now), held)
    assert now.row(sent).sending
    after_the_leases(now, [sent])
    assert (now.state(sent)[0], now.proxy.transactions(), effects(now.real, sent)) == (
        "verified",
        1,
        ONE,
    )


def test_one_worker_is_killed_and_two_others_go_on(now: Outbox) -> None:
    patients = [now.patient() for _ in range(8)]
    sent, held = [now.submit(each) for each in patients * 2], Held()
    now.proxy.plan = [at_transaction(held)]
    kill(start(now, "--once"), held)
    others = [start(now, "--once"), start(now, "--once")]
    try:
        assert [each.wait(PATIENCE) for each in others] == [0, 0]
    finally:
        for each in others:
            each.kill()
    verified = [each for each in sent if now.state(each)[0] == "verified"]
    # They have done everything but what the dead one had claimed, and what has to come after it.
    assert 0 < len(verified) < len(sent)
    after_the_leases(now, sent)
    assert {now.state(each)[0] for each in sent} == {"verified"}
    assert all(effects(now.real, each) == ONE for each in sent)
    assert now.proxy.transactions() == len(sent)
    assert [now.versions(each) for each in patients] == [2] * len(patients)


def test_told_to_stop_it_finishes_what_it_sends_and_gives_the_rest_back(now: Outbox) -> None:
    sent, held = [now.submit(now.patient()) for _ in range(3)], Held()
    now.proxy.plan = [at_transaction(held)]
    worker = start(now, "--once")
    try:
        assert held.done.wait(PATIENCE)
        worker.send_signal(signal.SIGTERM)
    finally:
        held.dead.set()
    assert worker.wait(PATIENCE) == 0
    assert [now.state(each)[0] for each in sent] == ["verified", "queued", "queued"]
    assert not any(now.row(each).sending for each in sent)
