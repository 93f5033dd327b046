"""A write strategy is negotiated by one worker, and pinned."""

from dataclasses import replace

import pytest

from tests.servers.partial_servers import offer_strategy
from tests.support.fault_proxy import (
    MatchingFault,
    ProxyRequest,
    drop_request,
    run_first,
)
from tests.support.outbox import (
    Outbox,
)

pytestmark = pytest.mark.server


def test_a_negotiated_strategy_is_pinned_until_it_is_negotiated_anew(ladder: Outbox) -> None:
    first, second, third = (ladder.submit_example(ladder.create_patient()) for _ in range(3))
    del second, third
    ladder.proxy.default_fault = offer_strategy("put")
    ladder.deliver_due()
    assert ladder.read_state(first) == ("verified", None)
    ladder.proxy.default_fault = None
    request_count = len(ladder.proxy.requests)
    after = ladder.submit_example(ladder.create_patient())
    ladder.deliver_due()
    assert ladder.read_state(after) == ("verified", None)
    assert not any(
        request.path.endswith("/metadata") for request in ladder.proxy.requests[request_count:]
    )
    assert ladder.proxy.count_transactions() == 0
    # With other settings it is negotiated anew.
    ladder.settings = replace(
        ladder.settings, servers={"main": replace(ladder.server, strategy="transaction")}
    )
    last = ladder.submit_example(ladder.create_patient())
    ladder.deliver_due()
    assert (ladder.read_state(last), ladder.proxy.count_transactions()) == (("verified", None), 1)


def asks_what_it_offers(request: ProxyRequest) -> bool:
    return request.path.endswith("/metadata")


def test_a_new_server_is_negotiated_by_one_worker_while_others_wait(
    ladder: Outbox,
) -> None:
    all_submissions = [ladder.submit_example(ladder.create_patient()) for _ in range(3)]
    done_by_others: list[bool] = []
    ladder.proxy.planned_faults = [
        MatchingFault(
            asks_what_it_offers, run_first(lambda _: done_by_others.append(ladder.deliver_due()))
        )
    ]
    ladder.deliver_due()
    assert done_by_others == [False]
    assert [ladder.read_state(submission) for submission in all_submissions] == [
        ("verified", None)
    ] * 3
    assert sum(map(asks_what_it_offers, ladder.proxy.requests)) == 1


def test_a_new_server_that_cannot_be_negotiated_costs_one_attempt_a_minute(
    ladder: Outbox,
) -> None:
    all_submissions = [ladder.submit_example(ladder.create_patient()) for _ in range(3)]
    ladder.proxy.default_fault = drop_request
    for _ in range(3):
        ladder.deliver_due()
    assert [ladder.read_record(submission).attempts for submission in all_submissions] == [1, 0, 0]
    ladder.proxy.default_fault = None
    ladder.clock.advance(minutes=1)
    ladder.deliver_due()
    assert [ladder.read_state(submission) for submission in all_submissions] == [
        ("verified", None)
    ] * 3


def test_capabilities_may_come_from_a_cache_and_resources_may_not(
    ladder: Outbox,
) -> None:
    ladder.submit_example(ladder.create_patient())
    ladder.deliver_due()
    fresh = {
        asks_what_it_offers(request): request.headers.get("Cache-Control")
        for request in ladder.proxy.requests
    }
    assert fresh == {True: None, False: "no-cache"}
