"""At servers with few searches a submission is found by its patient alone."""

import pytest

from tests.servers.partial_servers import EFFECTS, is_write, offer_us_core_searches
from tests.support.fault_proxy import Fault, Forward, ProxyRequest, ProxyResponse, lose_response
from tests.support.outbox import Outbox, count_effects

pytestmark = pytest.mark.server
RUNGS = ("put", "observations", "questionnaire-response", "document")


def expected_effects(rung: str) -> dict[str, int]:
    """Return what stays on the server: no Provenance, because no search could find it."""
    return {**EFFECTS[rung], "Provenance": 0}


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "lenient"])
@pytest.mark.parametrize("rung", RUNGS)
def test_each_submission_is_found_among_its_patients_resources(
    ladder: Outbox, rung: str, strict: bool
) -> None:
    all_submissions = [ladder.submit_example(ladder.create_patient()) for _ in range(2)]
    ladder.proxy.default_fault = offer_us_core_searches(rung, strict=strict)
    ladder.deliver_due()
    for submission in all_submissions:
        assert ladder.read_state(submission) == ("verified", None), ladder.read_record(submission)
        assert count_effects(ladder.direct_client, submission) == expected_effects(rung)
    assert not any("If-None-Exist" in request.headers for request in ladder.proxy.requests)


@pytest.mark.parametrize("rung", RUNGS)
def test_an_attempt_whose_answer_was_lost_is_not_repeated(ladder: Outbox, rung: str) -> None:
    submission = ladder.submit_example(ladder.create_patient())
    only = offer_us_core_searches(rung, strict=True)
    seen = list[ProxyRequest]()

    def first_write_unheard(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        if is_write(request):
            seen.append(request)
        fault: Fault = lose_response if is_write(request) and len(seen) == 1 else only
        return fault(request, forward)

    ladder.proxy.default_fault = first_write_unheard
    ladder.work_until_closed(submission)
    assert ladder.read_state(submission) == ("verified", None), ladder.read_record(submission)
    assert count_effects(ladder.direct_client, submission) == expected_effects(rung)
