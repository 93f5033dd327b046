"""Servers that search by what US Core asks of them and no more: a submission is found among its patient's, and only there."""

import pytest

from tests.faults import Answered, Asked, Fault, Forward, lost
from tests.outbox import Outbox, effects

from .offers import is_write, searching
from .test_ladder import LEFT

pytestmark = pytest.mark.server
RUNGS = ("put", "observations", "questionnaire-response", "document")


def left(rung: str) -> dict[str, int]:
    """What stays on the server: no Provenance that nobody could look for."""
    return {**LEFT[rung], "Provenance": 0}


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "lenient"])
@pytest.mark.parametrize("rung", RUNGS)
def test_each_is_found_among_its_patients(ladder: Outbox, rung: str, strict: bool) -> None:
    sent = [ladder.submit(ladder.patient()) for _ in range(2)]
    ladder.proxy.always = searching(rung, strict=strict)
    ladder.work()
    for each in sent:
        assert ladder.state(each) == ("verified", None), ladder.row(each)
        assert effects(ladder.real, each) == left(rung)
    assert not any("If-None-Exist" in each.headers for each in ladder.proxy.asked)


@pytest.mark.parametrize("rung", RUNGS)
def test_a_try_whose_answer_was_lost_is_not_repeated(ladder: Outbox, rung: str) -> None:
    sent = ladder.submit(ladder.patient())
    only = searching(rung, strict=True)
    seen = list[Asked]()

    def first_write_unheard(asked: Asked, forward: Forward) -> Answered | None:
        if is_write(asked):
            seen.append(asked)
        fault: Fault = lost if is_write(asked) and len(seen) == 1 else only
        return fault(asked, forward)

    ladder.proxy.always = first_write_unheard
    ladder.work_until_closed(sent)
    assert ladder.state(sent) == ("verified", None), ladder.row(sent)
    assert effects(ladder.real, sent) == left(rung)
