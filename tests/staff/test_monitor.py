"""IT's monitor: what gets through, what waits, what is held and why; no name, no answer, and nothing better than it is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.staff import monitor
from intake.store import audit, claims, servers, submissions, visits
from intake.store.claims import Claimed
from intake.store.earlier import Earlier, Sent
from intake.store.submissions import Status
from tests.members import Member, member
from tests.sites import TestSite
from tests.store.test_outbox import submission
from tests.strict import attributes


@pytest.fixture
def it(pages: TestSite) -> Member:
    return member(pages, "it")


def queued(site: TestSite, patient: str = "Patient/1", clinic: str = "riverside") -> str:
    """Put a submission into the outbox and return its id."""
    said = replace(submission(), patient=patient, clinic=clinic)
    with site.database.write() as tx:
        submissions.submit(tx, said, "main")
    return str(said.id)


def claimed(site: TestSite, patient: str = "Patient/1") -> Claimed:
    """Put a submission into the outbox, and claim it."""
    queued(site, patient)
    with site.database.write() as tx:
        [found] = claims.claim(tx, "main", limit=1, lease=timedelta(minutes=5))
    return found


def held(site: TestSite, patient: str = "Patient/1") -> str:
    """A submission that is held."""
    found = claimed(site, patient)
    with site.database.write() as tx:
        claims.hold(
            tx, found, reason="patient", words="The patient is gone.", detail="said: 2028-9"
        )
    return found.row.id


def accepted(site: TestSite, found: Claimed) -> None:
    """The server took it, and nobody has read it back yet."""
    with site.database.write() as tx:
        assert claims.sending(
            tx, found, Earlier(Sent("Patient/1", "7"), "{}"), timedelta(minutes=5)
        )
        assert claims.accept(tx, found)


def worker_looks(site: TestSite) -> None:
    with site.database.write() as tx:
        servers.worker_looked(tx, "main")


def test_accepted_is_not_verified(pages: TestSite, it: Member) -> None:
    worker_looks(pages)
    found = claimed(pages)
    accepted(pages, found)
    with pages.database.write() as tx:
        claims.release(tx, found, until=tx.now)
    it.get("/staff/monitor")
    assert it.rows()[0][1] == "Accepted, not verified"
    facts = it.facts()
    assert (facts["On their way"], facts["Last verified"], facts["Oldest waiting"]) == (
        "1",
        "never",
        "0 s ago",
    )


def test_the_list_says_id_state_age_tries_reason_and_what_next(pages: TestSite, it: Member) -> None:
    row = held(pages)
    waiting = claimed(pages, "Patient/2")
    with pages.database.write() as tx:
        claims.wait(
            tx,
            waiting,
            until=tx.now + timedelta(minutes=9),
            reason="http-503",
            words="The server cannot serve now.",
        )
    claimed(pages, "Patient/3")
    pages.clock.advance(minutes=3)
    it.get("/staff/monitor")
    listed = it.rows()
    assert listed[2] == [
        *(row[:8], "Held for a person", "3 min", "1", "patient"),
        *("The patient is gone.", "Riverside Family Clinic"),
    ]
    assert listed[1][1:6] == [
        *("Waiting", "3 min", "1", "http-503"),
        "The server cannot serve now. The worker tries again by itself.",
    ]
    assert listed[0][1] == "Sending"
    assert it.facts()["Held for a person"] == "1"


def test_states_and_clinics_are_filtered_and_counted(pages: TestSite, it: Member) -> None:
    row = held(pages)
    queued(pages, "Patient/2", "hillside")
    it.get("/staff/monitor?state=held")
    assert [each[0] for each in it.rows()] == [row[:8]]
    it.get("/staff/monitor?clinic=hillside")
    assert [each[6] for each in it.rows()] == ["Hillside Health"]
    assert "<b>0</b> Held" in it.page.text
    it.get("/staff/monitor?state=nonsense&clinic=nowhere&page=minus")
    assert len(it.rows()) == 2
    assert it.get(f"/staff/monitor?page={10**40}").status_code == 200
    assert it.get("/staff/monitor?page=-3").status_code == 200


def test_long_lists_come_page_by_page(
    pages: TestSite, it: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "ROWS", 2)
    ids = [queued(pages, f"Patient/{number}")[:8] for number in range(5)]
    seen = []
    it.get("/staff/monitor?state=queued")
    while True:
        seen += [row[0] for row in it.rows()]
        older = [str(attributes(node)["href"]) for node in it.document.query("a[rel=next]")]
        if not older:
            break
        it.get(older[0])
    assert seen == ids[::-1]


def test_it_refreshes_itself_only_where_that_is_asked_for_and_keeps_nobody_signed_in(
    pages: TestSite, it: Member
) -> None:
    assert "Refresh" not in it.get("/staff/monitor").headers
    again = it.get("/staff/monitor?state=held&live=on").headers["Refresh"]
    assert again == "30; url=/staff/monitor?state=held&live=on&page=1&by=itself"
    for _ in range(29):
        pages.clock.advance(minutes=1)
        assert it.get(again.partition("url=")[2]).status_code == 200
    pages.clock.advance(minutes=1)
    it.get(again.partition("url=")[2])
    assert it.path == "/staff/sign-in"


def test_schedules_that_were_not_fetched_are_told(pages: TestSite, it: Member) -> None:
    with pages.database.write() as tx:
        visits.fetched(tx, "riverside", [], tx.now, tx.now)
    pages.clock.advance(minutes=20)
    it.get("/staff/monitor")
    facts = it.facts()
    assert (facts["Riverside Family Clinic"], facts["Hillside Health"]) == (
        "fetched 20 min ago",
        "never fetched",
    )


def test_one_submission_has_its_times(pages: TestSite, it: Member) -> None:
    found = claimed(pages)
    accepted(pages, found)
    pages.clock.advance(seconds=5)
    with pages.database.write() as tx:
        claims.verify(tx, found)
    it.get(f"/staff/submissions/{found.row.id}")
    facts = it.facts()
    assert facts["Id"] == found.row.id
    assert facts["Stored here"] == "Nov 24, 10:00 AM EST (5 s ago)"
    assert facts["Verified by reading back"] == "Nov 24, 10:00 AM EST (0 s ago)"
    assert facts["The answers are erased here"] == "Dec 24, 10:00 AM EST"
    assert facts["The chart's earlier values are kept until"] == "Feb 22, 10:00 AM EST"
    assert not it.document.query("main form")


def test_a_held_one_is_tried_again(pages: TestSite, it: Member) -> None:
    row = held(pages)
    it.get(f"/staff/submissions/{row}")
    it.send(form="/retry")
    assert "tries it again now" in it.told[0]
    assert "Submission retried by ana, 0 s ago" in it.page.text
    with pages.database.read() as tx:
        found = submissions.get(tx, row)
    assert found is not None
    assert found.status is Status.QUEUED


def test_a_second_press_says_that_there_is_nothing_to_do(pages: TestSite, it: Member) -> None:
    row = held(pages)
    it.get(f"/staff/submissions/{row}")
    page = it.page
    it.send(form="/retry")
    it.page = page
    it.send(form="/retry")
    assert it.told == ["It is not held and not waiting any more."]


def test_discarding_asks_first_and_erases_the_answers(pages: TestSite, it: Member) -> None:
    row = held(pages)
    it.get(f"/staff/submissions/{row}/discard")
    assert it.heading == f"Discard submission {row[:8]}?"
    with pages.database.read() as tx:
        assert submissions.counts(tx)[Status.HELD] == 1
    it.send()
    assert it.told == ["It is discarded, and its answers are erased."]
    with pages.database.read() as tx:
        assert submissions.counts(tx)[Status.DISCARDED] == 1
        assert [(each.who, each.action) for each in audit.about(tx, row)] == [
            ("ana", "submission-discarded")
        ]
        kept = tx.connection.exec_driver_sql("SELECT payload, detail FROM submissions").one()
    assert tuple(kept) == (None, None)


def test_only_a_held_one_can_be_discarded(pages: TestSite, it: Member) -> None:
    row = queued(pages)
    it.get(f"/staff/submissions/{row}/discard")
    assert it.path == f"/staff/submissions/{row}"
    other = held(pages, "Patient/2")
    it.get(f"/staff/submissions/{other}/discard")
    with pages.database.write() as tx:
        submissions.retry(tx, other)
    it.send()
    assert it.told == ["Only a held submission can be discarded."]


def test_an_unknown_one_meets_a_calm_page(it: Member) -> None:
    for path in ("", "/discard"):
        assert it.get(f"/staff/submissions/nothing{path}").status_code == 404
        assert it.heading == "This is not there"


def test_no_name_and_no_answer_is_ever_there(pages: TestSite, it: Member) -> None:
    pages.visit("1", name="Zora Quist")
    row = held(pages)
    for path in (
        "/staff/monitor",
        f"/staff/submissions/{row}",
        f"/staff/submissions/{row}/discard",
    ):
        text = it.get(path).text
        assert not any(said in text for said in ("Zora", "Quist", "2028-9", "Patient/1", "1980"))
