"""The monitor's health comes from the last attempts, and its first sentence says it."""

from datetime import timedelta

import pytest

from intake.store import contacts, servers
from tests.support.site_submissions import hold_submission, queue_submission, record_worker_pass
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff


@pytest.fixture
def it(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "it")


def fail_server(site: TestSite, reason: str, times: int = 1) -> None:
    """Let attempts at the server fail, as a worker records them."""
    with site.database.write() as tx:
        servers.record_worker_seen(tx, "main")
        for _ in range(times):
            contacts.record_failure(tx, contacts.server_contact("main"), reason)


def read_summary(it: StaffSession) -> str:
    it.open_page("/staff/monitor")
    return " ".join(it.document.query(".summary")[0].to_text().split())


def read_health(it: StaffSession) -> str:
    return str(it.document.query(".server h2")[0].to_text())


def test_the_page_leads_with_what_waits_and_since_when_the_ehr_fails(
    pages: TestSite, it: StaffSession
) -> None:
    for number in range(4):
        queue_submission(pages, f"Patient/{number}")
    fail_server(pages, "http-503", 3)
    pages.clock.advance(minutes=1)
    fail_server(pages, "http-503")
    assert read_summary(it) == (
        "4 answers waiting. The EHR has not answered since 10:00 AM EST (503)."
    )
    assert read_health(it) == "main: Not answering"
    facts = it.fact_list()
    assert (facts["Failures in a row"], facts["Last answer"]) == ("4", "503")


def test_a_server_that_refuses_connections_is_amber_after_three_attempts(
    pages: TestSite, it: StaffSession
) -> None:
    states = []
    for _ in range(3):
        fail_server(pages, "no-answer")
        read_summary(it)
        states.append(read_health(it))
    assert states == ["main: Running", "main: Running", "main: Not answering"]
    assert it.document.query(".server.failing")
    with pages.database.write() as tx:
        contacts.record_answer(tx, contacts.server_contact("main"))
    assert read_summary(it) == "No answers waiting. The EHR answered at 10:00 AM EST."
    assert read_health(it) == "main: Running"


def test_one_held_submission_makes_its_server_amber(pages: TestSite, it: StaffSession) -> None:
    hold_submission(pages)
    record_worker_pass(pages)
    assert read_summary(it).startswith("No answers waiting. 1 needs a person.")
    assert read_health(it) == "main: Needs a person"
    assert it.document.query(".server.holding")


def test_the_summary_names_the_day_of_an_outage_that_began_earlier(pages: TestSite) -> None:
    fail_server(pages, "credentials")
    pages.clock.advance(hours=20)
    record_worker_pass(pages)
    it = sign_in_staff(pages, "it")
    assert "refused us since Nov 24, 10:00 AM EST (credentials)." in read_summary(it)


def test_a_row_under_a_paused_server_says_that_it_waits_for_the_server(
    pages: TestSite, it: StaffSession
) -> None:
    identity = queue_submission(pages)
    with pages.database.write() as tx:
        until = tx.now + timedelta(minutes=1)
        servers.pause_server(tx, "main", until=until, reason="http-401", words="No entry.")
    fail_server(pages, "http-401")
    it.open_page("/staff/monitor")
    [row] = it.table_rows()
    assert "sends it next" not in row[5]
    assert "waits. The EHR has refused us since 10:00 AM EST (401)." in row[5]
    it.open_page(f"/staff/submissions/{identity}")
    assert "The EHR has refused us since" in it.page.text


def test_a_row_without_a_worker_says_that_nothing_is_sent(
    pages: TestSite, it: StaffSession
) -> None:
    queue_submission(pages)
    it.open_page("/staff/monitor")
    assert "No worker is running, so nothing is sent." in it.table_rows()[0][5]


def test_a_schedule_that_fails_says_so(pages: TestSite, it: StaffSession) -> None:
    record_worker_pass(pages)
    with pages.database.write() as tx:
        for _ in range(3):
            contacts.record_failure(tx, contacts.schedule_contact("riverside"), "http-400")
    assert "The schedule of Riverside Family Clinic has failed since" in read_summary(it)
    assert "(400), 3 in a row" in it.fact_list()["Riverside Family Clinic"]
