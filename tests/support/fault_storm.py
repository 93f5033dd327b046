"""Lets each request meet a random fault that networks and servers have shown."""

from collections import Counter
from random import Random
from threading import Event, Lock

from tests.support.fault_proxy import (
    Fault,
    Forward,
    ProxyRequest,
    ProxyResponse,
    answer_with,
)
from tests.support.transient_faults import TRANSIENT_FAULTS

SLOW, TOO_LATE = 0.3, 2.5
"""Seconds that a request is delayed.

The second is longer than CLIENT_TIMEOUT: the client has given up by then.
"""
CLIENT_TIMEOUT = 2
NEVER = Event()


def delay_request(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Delay the request."""
    NEVER.wait(SLOW)
    return forward(request)


def answer_too_late(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Answer after the client's time-out a request that the server processed at once."""
    response = forward(request)
    NEVER.wait(TOO_LATE)
    return response


def process_too_late(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Process the request after the client's time-out."""
    NEVER.wait(TOO_LATE)
    return forward(request)


# These pause the whole server for a minute; test_paused_servers has them.
LONG = {"passed", "401", "429 for seconds", "503"}
FAULTS: dict[str, Fault] = {
    name: fault for name, fault in TRANSIENT_FAULTS.items() if name not in LONG
} | {
    "slow": delay_request,
    "answered too late": answer_too_late,
    "heard too late": process_too_late,
    "429 for a second": answer_with(429, Retry_After="1"),
    "503": answer_with(503),
}


class FaultStorm:
    """The fault of every request.

    The seed decides the order of faults, but threads decide which request meets which.
    """

    def __init__(self, seed: int, share: float = 0.12) -> None:
        """Let this share of the requests meet a fault."""
        self._chance, self._share, self._lock = Random(seed), share, Lock()
        self.fault_counts: Counter[str] = Counter()

    def __call__(self, request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        """Pass the request on, or apply a fault to it."""
        with self._lock:
            name = (
                self._chance.choice(list(FAULTS))
                if self._chance.random() < self._share
                else "passed"
            )
            self.fault_counts[name] += 1
        return FAULTS[name](request, forward) if name in FAULTS else forward(request)
