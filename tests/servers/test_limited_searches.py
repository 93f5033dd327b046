"""At servers that search only as US Core demands, a submission is found by its patient alone."""

import pytest

from tests.servers.partial_servers import is_write, offer_us_core_searches
from tests.servers.test_write_strategies import LEFT
from tests.support.fault_proxy import Fault, Forward, ProxyRequest, ProxyResponse, lose_response
from tests.support.outbox import Outbox, count_effects

pytestmark = pytest.mark.server
RUNGS = ("put", "observations", "questionnaire-response", "document")


def left(rung: str) -> dict[str, int]:
    """Return what stays on the server: no Provenance, because no search could find it."""
    return {**LEFT[rung], "Provenance": 0}


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "lenient"])
@pytest.mark.parametrize("rung", RUNGS)
def test_each_submission_is_found_among_its_patients_resources(
    ladder: Outbox, rung: str, strict: bool
) -> None:
    sent = [ladder.submit_example(ladder.create_patient()) for _ in range(2)]
    ladder.proxy.default_fault = offer_us_core_searches(rung, strict=strict)
    ladder.deliver_due()
    for each in sent:
        assert ladder.read_state(each) == ("verified", None), ladder.read_record(each)
        assert count_effects(ladder.direct_client, each) == left(rung)
    assert not any("If-None-Exist" in each.headers for each in ladder.proxy.requests)


@pytest.mark.parametrize("rung", RUNGS)
def test_an_attempt_whose_answer_was_lost_is_not_repeated(ladder: Outbox, rung: str) -> None:
    sent = ladder.submit_example(ladder.create_patient())
    only = offer_us_core_searches(rung, strict=True)
    seen = list[ProxyRequest]()

    def first_write_unheard(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        if is_write(asked):
            seen.append(asked)
        fault: Fault = lose_response if is_write(asked) and len(seen) == 1 else only
        return fault(asked, forward)

    ladder.proxy.default_fault = first_write_unheard
    ladder.work_until_closed(sent)
    assert ladder.read_state(sent) == ("verified", None), ladder.read_record(sent)
    assert count_effects(ladder.direct_client, sent) == left(rung)
