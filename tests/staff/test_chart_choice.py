"""A reviewer searches the chart of a held submission, and chooses it later."""

from intake.store import audit
from intake.store.outbox import chart_searches
from intake.store.outbox.chart_searches import CandidateChart
from intake.store.outbox.records import find_record
from tests.support.site_submissions import queue_submission
from tests.support.sites import TestSite
from tests.support.staff import sign_in_staff
from tests.support.walk_ins import hold_unmatched

FOUND = CandidateChart("Patient/9", "Zora <b> Quist", "1980-02-29", "female", "MRN 9")


def test_a_reviewer_chooses_a_chart_that_the_worker_found(pages: TestSite) -> None:
    identity = hold_unmatched(pages)
    reviewer = sign_in_staff(pages, "reviewer")
    reviewer.open_page("/staff/review")
    assert [row[0] for row in reviewer.table_rows()] == [identity[:8]]
    reviewer.open_page(f"/staff/submissions/{identity}/chart")
    assert "MRN 4711" in reviewer.page.text
    reviewer.send_form({"record_number": ""}, form="/chart")
    assert reviewer.page.status_code == 422
    reviewer.send_form({"record_number": "MRN 9"}, form="/chart")
    assert "No worker is running" in reviewer.page.text
    with pages.database.write() as tx:
        [search] = chart_searches.list_open_searches(tx, "main")
        chart_searches.finish_search(tx, search, (FOUND,))
    reviewer.open_page(f"/staff/submissions/{identity}/chart")
    assert "Zora &lt;b&gt; Quist" in reviewer.page.text
    reviewer.send_form(form="/choose")
    assert reviewer.messages == ["The worker sends the answers to the chosen chart now."]
    with pages.database.read() as tx:
        record, entries = find_record(tx, identity), audit.entries_about(tx, identity)
    assert record is not None
    assert record.status.value == "queued"
    assert [entry.action for entry in entries][:2] == ["chart-chosen", "charts-seen"]


def test_a_submission_that_is_not_held_offers_no_chart(pages: TestSite) -> None:
    identity = queue_submission(pages)
    reviewer = sign_in_staff(pages, "reviewer")
    reviewer.open_page(f"/staff/submissions/{identity}/chart")
    assert reviewer.path == f"/staff/submissions/{identity}"
    assert reviewer.messages == ["No chart can be chosen for this submission now."]


def test_a_newer_search_is_not_answered_by_an_older_one(pages: TestSite) -> None:
    identity = hold_unmatched(pages)
    criteria = chart_searches.ChartCriteria("s", "1")
    with pages.database.write() as tx:
        chart_searches.request_search(tx, identity, "main", criteria)
        [older] = chart_searches.list_open_searches(tx, "main")
    pages.clock.advance(seconds=1)
    with pages.database.write() as tx:
        chart_searches.request_search(tx, identity, "main", criteria)
        chart_searches.finish_search(tx, older, (FOUND,))
        newer = chart_searches.read_search(tx, identity)
    assert newer is not None
    assert (newer.done_at, newer.charts) == (None, ())
