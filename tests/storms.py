"""A storm at the proxy: each request meets a fault by chance, of every kind that networks, proxies and servers have shown."""

from collections import Counter
from random import Random
from threading import Event, Lock

from tests.faults import PASSING, Answered, Asked, Fault, Forward, answering

SLOW, TOO_LATE = 0.3, 2.5
"""Seconds that a request is delayed; the second is more than TIMEOUT, after which the client has given up."""
TIMEOUT = 2
NEVER = Event()


def slow(asked: Asked, forward: Forward) -> Answered | None:
    """It takes its time."""
    NEVER.wait(SLOW)
    return forward(asked)


def answered_too_late(asked: Asked, forward: Forward) -> Answered | None:
    """The server does it at once, and its answer comes when nobody waits for it any more."""
    found = forward(asked)
    NEVER.wait(TOO_LATE)
    return found


def heard_too_late(asked: Asked, forward: Forward) -> Answered | None:
    """The server does it when nobody waits for it any more."""
    NEVER.wait(TOO_LATE)
    return forward(asked)


# These keep the whole server waiting for a minute; test_paused_servers has them.
LONG = {"passed", "401", "429 for seconds", "503"}
FAULTS: dict[str, Fault] = {name: fault for name, fault in PASSING.items() if name not in LONG} | {
    "slow": slow,
    "answered too late": answered_too_late,
    "heard too late": heard_too_late,
    "429 for a second": answering(429, Retry_After="1"),
    "503": answering(503),
}


class Storm:
    """The fault of every request; the seed gives their order, though not which request meets which: that is the threads'."""

    def __init__(self, seed: int, share: float = 0.12) -> None:
        """Let that share of the requests meet a fault."""
        self._chance, self._share, self._lock = Random(seed), share, Lock()
        self.met: Counter[str] = Counter()

    def __call__(self, asked: Asked, forward: Forward) -> Answered | None:
        """Pass the request on, or do something else with it."""
        with self._lock:
            name = (
                self._chance.choice(list(FAULTS))
                if self._chance.random() < self._share
                else "passed"
            )
            self.met[name] += 1
        return FAULTS[name](asked, forward) if name in FAULTS else forward(asked)
