"""The monitor shows each server's health, write strategy and pauses."""

from datetime import timedelta

import pytest

from intake.store import audit, servers, strategies
from intake.store.outbox.enqueue import store_submission
from intake.store.strategies import StoredStrategy
from tests.support.outbox_steps import make_submission
from tests.support.site_submissions import queue_submission, record_worker_pass
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff


@pytest.fixture
def it(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "it")


def health(it: StaffSession) -> str:
    it.open_page("/staff/monitor")
    return str(it.document.query(".server h2")[0].to_text())


def test_a_server_is_running_only_if_a_worker_was_seen(pages: TestSite, it: StaffSession) -> None:
    assert health(it) == "main: No worker"
    assert "No worker has ever served" in it.page.text
    record_worker_pass(pages)
    assert health(it) == "main: Running"
    pages.clock.advance(minutes=2, seconds=1)
    assert health(it) == "main: No worker"
    assert "for 2 min" in it.page.text


def test_the_write_strategy_is_shown_with_its_reasons(pages: TestSite, it: StaffSession) -> None:
    health(it)
    assert "not negotiated yet" in it.page.text
    way = StoredStrategy(
        "settings",
        "put",
        ("chart",),
        batch=False,
        reasons=("no transaction: it does not offer it",),
    )
    with pages.database.write() as tx:
        strategies.pin_strategy(tx, "main", way)
    pages.clock.advance(minutes=9)
    health(it)
    for words in (
        "put, no write test yet",
        "the chart as a whole with If-Match. Pinned 9 min ago",
        *way.reasons,
    ):
        assert words in server_line(it)
    with pages.database.write() as tx:
        strategies.pin_strategy(tx, "main", way, proven=True)
    health(it)
    assert "put, proven 0 s ago" in server_line(it)


def server_line(it: StaffSession) -> str:
    return " ".join(it.document.query(".server")[0].to_text().split()).replace(" ,", ",")


def test_a_paused_server_shows_its_reason_and_can_be_resumed(
    pages: TestSite, it: StaffSession
) -> None:
    with pages.database.write() as tx:
        servers.pause_server(
            tx,
            "main",
            until=tx.now + timedelta(minutes=5),
            reason="http-401",
            words="We are not let in.",
        )
    pages.clock.advance(minutes=1)
    record_worker_pass(pages)
    assert health(it) == "main: Paused"
    assert "Paused 1 min ago, at" in it.page.text
    assert "We are not let in." in it.page.text
    assert "tries again by itself in 4 min" in it.page.text
    it.send_form(form="/monitor/main/resume")
    assert "tries main again now" in it.messages[0]
    with pages.database.read() as tx:
        assert servers.read_state(tx, "main").paused_until == tx.now
        assert audit.entries_about(tx, "main")[0].action == "server-retried"
    assert it.client.post("/staff/monitor/other/resume").status_code == 400


def test_submissions_of_an_unconfigured_server_are_shown(pages: TestSite, it: StaffSession) -> None:
    record_worker_pass(pages)
    with pages.database.write() as tx:
        for patient in ("Patient/1", "Patient/2"):
            store_submission(tx, make_submission(patient), "renamed")
    assert health(it) == "renamed: Not in intake.toml"
    assert "Unfinished submissions for this server: 2" in server_line(it)
    assert "Restore its table [servers.renamed]" in server_line(it)
    with pages.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE submissions SET status = 'verified'")
    assert health(it) == "main: Running"


def test_a_server_that_asked_for_a_pause_is_running_and_can_be_resumed(
    pages: TestSite, it: StaffSession
) -> None:
    record_worker_pass(pages)
    with pages.database.write() as tx:
        servers.back_off(tx, "main", until=tx.now + timedelta(minutes=5))
    assert health(it) == "main: Running"
    assert "continues in 5 min" in it.page.text
    it.send_form(form="/monitor/main/resume")
    assert "continues in" not in it.page.text
    with pages.database.read() as tx:
        assert servers.read_state(tx, "main").paused_until == tx.now
    assert "Try again now" not in it.page.text


def test_a_server_with_an_old_submission_is_behind(pages: TestSite, it: StaffSession) -> None:
    queue_submission(pages)
    pages.clock.advance(minutes=11)
    record_worker_pass(pages)
    assert health(it) == "main: Behind"
    assert "has waited for 11 min" in it.page.text
