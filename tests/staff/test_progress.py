"""The desk is told how far each patient is: what is so, and what to do; nothing is called done too early."""

from datetime import timedelta

import pytest

from intake.answers import Channel
from intake.store import claims, codes, drafts, links, submissions
from intake.store.earlier import Earlier, Sent
from intake.store.visits import Search
from tests.members import Member, member
from tests.patients import Person
from tests.sites import TestSite
from tests.staff.test_today import column, fetched
from tests.store.test_outbox import submission


@pytest.fixture
def desk(pages: TestSite) -> Member:
    return member(pages, "desk")


def test_progress_in_words_and_nothing_is_called_done_that_was_not_read_back(
    pages: TestSite, desk: Member
) -> None:
    visit = pages.visit("1")
    fetched(pages)

    def said() -> str:
        desk.get("/staff/today")
        return column(desk, 3)[0]

    told = [said()]
    with pages.database.write() as tx:
        links.make(tx, visit, tx.now + timedelta(hours=1))
    told.append(said())
    with pages.database.write() as tx:
        codes.make(tx, visit, timedelta(minutes=15))
    told.append(said())
    with pages.database.write() as tx:
        drafts.start(tx, visit, channel=Channel.KIOSK, locale="en")
    told.append(said())
    with pages.database.write() as tx:
        submissions.submit(tx, submission(), "main", visit.id)
        [claimed] = claims.claim(tx, "main", limit=1, lease=timedelta(minutes=5))
        claims.sending(tx, claimed, Earlier(Sent("Patient/1", "7"), "{}"), timedelta(minutes=5))
        claims.accept(tx, claimed)
    told.append(said())
    assert column(desk, 2) == ["Race, ethnicity"]
    with pages.database.write() as tx:
        claims.verify(tx, claimed)
    told.append(said())
    # The schedule's fetch still says what was missing before; nobody is to be asked again for that.
    assert column(desk, 2) == ["Asked today"]
    assert desk.facts() == {"Expected": "1", "With gaps": "0", "In the record today": "1"}
    with pages.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE submissions SET status = 'held'")
    told.append(said())
    assert told == [
        "Not begun",
        "Has a link",
        "Has a code",
        "Answering now",
        "Answered, not in the record yet",
        "In the record",
        "Answered, a person is looking into it",
    ]


def test_who_used_a_code_and_went_away_needs_another(pages: TestSite, desk: Member) -> None:
    visit = pages.visit("1", sought=Search.FOUND)
    patient = Person(pages)
    patient.pair()
    told = []
    for _ in range(2):
        with pages.database.write() as tx:
            code = codes.make(tx, visit, timedelta(minutes=15))
        desk.get("/staff/today")
        told += column(desk, 3)
        patient.speak("en")
        patient.send({"code": code}, form="by-code")
        patient.send(form="over")
        desk.get("/staff/today")
        told += column(desk, 3)
    assert told == ["Has a code", "Began, did not finish: get a new code"] * 2
    desk.send(form=f"{visit.id}/off")
    assert desk.told == ["They are off the list."]
