"""A storm at the proxy: each request meets a fault by chance, of every kind that networks, proxies and servers have shown."""

from collections import Counter
from random import Random
from threading import Event, Lock

from tests.support.fault_proxy import (
    TRANSIENT_FAULTS,
    Fault,
    Forward,
    ProxyRequest,
    ProxyResponse,
    answer_with,
)

SLOW, TOO_LATE = 0.3, 2.5
"""Seconds that a request is delayed; the second is more than TIMEOUT, after which the client has given up."""
CLIENT_TIMEOUT = 2
NEVER = Event()


def slow(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """It takes its time."""
    NEVER.wait(SLOW)
    return forward(asked)


def answered_too_late(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """The server does it at once, and its answer comes when nobody waits for it any more."""
    found = forward(asked)
    NEVER.wait(TOO_LATE)
    return found


def heard_too_late(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """The server does it when nobody waits for it any more."""
    NEVER.wait(TOO_LATE)
    return forward(asked)


# These keep the whole server waiting for a minute; test_paused_servers has them.
LONG = {"passed", "401", "429 for seconds", "503"}
FAULTS: dict[str, Fault] = {
    name: fault for name, fault in TRANSIENT_FAULTS.items() if name not in LONG
} | {
    "slow": slow,
    "answered too late": answered_too_late,
    "heard too late": heard_too_late,
    "429 for a second": answer_with(429, Retry_After="1"),
    "503": answer_with(503),
}


class FaultStorm:
    """The fault of every request; the seed gives their order, though not which request meets which: that is the threads'."""

    def __init__(self, seed: int, share: float = 0.12) -> None:
        """Let that share of the requests meet a fault."""
        self._chance, self._share, self._lock = Random(seed), share, Lock()
        self.fault_counts: Counter[str] = Counter()

    def __call__(self, asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        """Pass the request on, or do something else with it."""
        with self._lock:
            name = (
                self._chance.choice(list(FAULTS))
                if self._chance.random() < self._share
                else "passed"
            )
            self.fault_counts[name] += 1
        return FAULTS[name](asked, forward) if name in FAULTS else forward(asked)
