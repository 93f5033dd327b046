"""Record number and birth date lead to one chart, or the answers are held."""

import logging
from datetime import date
from typing import Any

import pytest

from fhir_client.uscore.chart import chart_elements
from intake.answers import MatchCriteria
from intake.store.outbox import unmatched
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.merge_base import MergeBase
from intake.store.outbox.retry import retry_submission
from tests.support.fault_proxy import (
    Forward,
    ProxyRequest,
    ProxyResponse,
    answer_with,
    at_next_batch,
)
from tests.support.outbox import ONE_OF_EACH, Outbox, count_effects
from tests.support.patient_matching import (
    BORN,
    SYSTEM,
    correct_criteria,
    create_chart,
    new_criteria,
    submit_unmatched,
)

pytestmark = pytest.mark.server


def test_the_one_matching_chart_is_written_to(
    outbox: Outbox, caplog: pytest.LogCaptureFixture, make: str
) -> None:
    caplog.set_level(logging.INFO)
    criteria = new_criteria()
    patient = create_chart(outbox, criteria)
    # A number of another clinic is another number.
    other = outbox.create_patient(
        identifier=[{"system": "http://example.org/other", "value": criteria.record_number}]
    )
    submission = submit_unmatched(outbox, criteria)
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("verified", None)
    assert count_effects(outbox.direct_client, submission) == ONE_OF_EACH
    assert (
        chart_elements(outbox.direct_client.read(patient))["race"] == [],
        outbox.count_versions(other),
    ) == (
        False,
        1,
    )
    assert criteria.record_number not in caplog.text
    # Nor is it in a URL, unless a server takes no search by POST, as Medplum's router does not.
    assert any(criteria.record_number in request.path for request in outbox.proxy.requests) is (
        make == "medplum"
    )
    # Sent a second time as it was, it is known.
    with outbox.database.write() as tx:
        assert not store_submission(tx, submission, "main", None, MergeBase(BORN))


def test_a_retry_goes_on_with_the_chart_that_was_matched(outbox: Outbox) -> None:
    criteria = new_criteria()
    patient = create_chart(outbox, criteria)
    submission = submit_unmatched(outbox, criteria)
    outbox.proxy.planned_faults = [at_next_batch(answer_with(503))]
    outbox.deliver_due()
    assert outbox.read_state(submission)[0] == "accepted"
    # The record number goes to another patient after the first attempt.
    outbox.edit_chart(patient, identifier=[])
    create_chart(outbox, criteria)
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == ("verified", None)
    assert count_effects(outbox.direct_client, submission) == ONE_OF_EACH


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("nobody", "No chart in use has this record number."),
        ("born", "The chart of this record number has another date of birth, or no whole one."),
        ("two", "More than one chart has this record number and date of birth."),
        ("closed", "No chart in use has this record number."),
    ],
)
def test_without_exactly_one_match_nothing_is_written_until_corrected(
    outbox: Outbox, why: str, words: str
) -> None:
    criteria, right = new_criteria(), new_criteria()
    wrong: list[dict[str, Any]] = {
        "nobody": list[Any](),
        "born": [{"birthDate": "1980-02-28"}],
        "two": [{}, {}],
        "closed": [{"active": False}],
    }[why]
    charts = [create_chart(outbox, criteria, **changes) for changes in wrong]
    submission = submit_unmatched(outbox, criteria)
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("held", "unmatched")
    row = outbox.read_record(submission)
    assert row.words is not None
    assert row.words.startswith(words)
    assert not {criteria.record_number, str(BORN)} & set(row.words.split())
    assert [outbox.count_versions(chart) for chart in charts] == [1] * len(charts)
    with outbox.database.read() as tx:
        [lost] = unmatched.list_unmatched(tx, submission.clinic)
    assert (lost.id, lost.criteria, lost.words) == (str(submission.id), criteria, row.words)
    patient = create_chart(outbox, right, birthDate="1979-12-31")
    assert correct_criteria(
        outbox, submission, MatchCriteria(SYSTEM, right.record_number, date(1979, 12, 31))
    )
    assert not correct_criteria(outbox, submission, right)
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("verified", None)
    assert chart_elements(outbox.direct_client.read(patient))["race"]
    assert count_effects(outbox.direct_client, submission) == ONE_OF_EACH


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, "unmatched"), (403, "refused"), (404, "refused"), (405, "refused"), (501, "refused")],
)
def test_a_server_that_searches_no_record_numbers_is_not_paused(
    outbox: Outbox, status: int, reason: str
) -> None:
    criteria = new_criteria()
    create_chart(outbox, criteria)
    other, submission = (
        outbox.submit_example(outbox.create_patient()),
        submit_unmatched(outbox, criteria),
    )

    def unable(request: ProxyRequest, forward: Forward) -> ProxyResponse:
        searches = "/Patient?" in request.path or request.path.endswith("/Patient/_search")
        return ProxyResponse(status, {}, b"") if searches else forward(request)

    outbox.proxy.default_fault = unable
    outbox.deliver_due()
    assert [outbox.read_state(submission) for submission in (other, submission)] == [
        ("verified", None),
        ("held", reason),
    ]
    outbox.proxy.default_fault = None
    with outbox.database.write() as tx:
        assert retry_submission(tx, str(submission.id))
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("verified", None)


def test_a_patient_registered_later_is_found_by_the_same_number(outbox: Outbox) -> None:
    criteria = new_criteria()
    submission = submit_unmatched(outbox, criteria)
    outbox.deliver_due()
    create_chart(outbox, criteria)
    assert correct_criteria(outbox, submission, criteria)
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("verified", None)


def test_of_merged_charts_the_last_one_matches(outbox: Outbox) -> None:
    criteria = new_criteria()
    patient = create_chart(outbox, criteria)
    create_chart(
        outbox,
        criteria,
        active=False,
        link=[{"type": "replaced-by", "other": {"reference": patient}}],
    )
    submission = submit_unmatched(outbox, criteria)
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("verified", None)
    assert chart_elements(outbox.direct_client.read(patient))["race"]
