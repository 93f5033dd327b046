"""A submission's page tells its whole life: attempts, requests, people, in both times."""

from datetime import timedelta

import pytest

from fhir_client.model import Exchange
from intake.staff.issue_words import ISSUE_WORDS, describe_exchange
from intake.store.attempt_log import (
    AttemptResult,
    erase_attempt_log,
    read_attempts,
    record_attempt,
)
from tests.support.site_submissions import queue_submission
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff

READ = Exchange("read Patient", 200, 31)
FAILED = Exchange("transaction", 503, 1200, ("transient",))
LATER = AttemptResult(1, "waiting", "http-503", (READ, FAILED))


@pytest.fixture
def it(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "it")


def log(site: TestSite, identity: str, *results: AttemptResult) -> None:
    for result in results:
        with site.database.write() as tx:
            record_attempt(tx, identity, result)
        site.clock.advance(minutes=1)


def test_each_attempt_shows_its_requests_in_plain_words(pages: TestSite, it: StaffSession) -> None:
    identity = queue_submission(pages)
    refused = AttemptResult(
        3, "held", "refused", (Exchange("transaction", 422, 80, ("invariant",)),)
    )
    log(pages, identity, LATER, refused)
    it.open_page(f"/staff/submissions/{identity}")
    newest, oldest = it.table_rows()
    assert newest[2] == "Held for a person ( refused , before http-503 )"
    assert "422, the content breaks a rule of its profile, 80 ms" in newest[3]
    assert oldest[1] == "Nov 24, 10:00 AM EST / Nov 24, 3:00 PM UTC"
    assert "read Patient: 200, 31 ms" in oldest[3]
    assert "transaction: 503, it cannot do this now, 1200 ms" in oldest[3]


def test_an_outage_of_a_month_is_one_row(pages: TestSite) -> None:
    identity = queue_submission(pages)
    for attempt in range(1, 40):
        log(pages, identity, AttemptResult(attempt, "waiting", "no-answer", (READ,)))
    log(pages, identity, LATER)
    with pages.database.read() as tx:
        last, outage = read_attempts(tx, identity)
    assert (outage.times, outage.result.attempt) == (39, 39)
    assert outage.last_at - outage.first_at == timedelta(minutes=38)
    assert last.result == LATER


def test_old_results_are_erased(pages: TestSite) -> None:
    identity = queue_submission(pages)
    log(pages, identity, LATER)
    pages.clock.advance(hours=25)
    with pages.database.write() as tx:
        assert erase_attempt_log(tx, timedelta(days=1)) == 1


def test_an_unknown_code_and_a_missing_answer_are_named() -> None:
    assert describe_exchange(Exchange("batch", None, 5)) == "batch: no answer"
    assert describe_exchange(Exchange("batch", 400, 5, ("odd-code",))) == "batch: 400, odd-code"
    assert all(words == words.strip() and words for words in ISSUE_WORDS.values())
