"""Whom the desk let in by record number and birth date: the one chart that has both, or the answers wait for a person."""

import logging
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from fhir_client.uscore.patient import elements_of
from intake.answers import Answer, Sought, State, Submission
from intake.store import claims, submissions, unmatched, visits
from intake.store.known import Known
from intake.store.visits import Search, Visit
from intake.sync import matching
from intake.sync.bench import Bench
from intake.sync.outcomes import NotNow
from tests.faults import Answered, Asked, Forward, answering, at_batch
from tests.outbox import ONE, PATIENT, Outbox, effects

pytestmark = pytest.mark.server
SYSTEM = "http://example.org/mrn"
BORN = date.fromisoformat(PATIENT["birthDate"])


def someone() -> Sought:
    """A record number that nobody has yet."""
    return Sought(SYSTEM, uuid4().hex[:12].upper(), BORN)


def chart(outbox: Outbox, sought: Sought, **changes: Any) -> str:
    """A chart of that record number."""
    return outbox.patient(
        identifier=[{"system": sought.system, "value": sought.record_number}], **changes
    )


def said_by(outbox: Outbox, sought: Sought, **changes: Any) -> Submission:
    """The answers of somebody whom the desk let in."""
    return outbox.submit(sought.reference, Known(sought.birth_date), **changes)


def correct(outbox: Outbox, sent: Submission, sought: Sought) -> bool:
    with outbox.database.write() as tx:
        return unmatched.correct(tx, str(sent.id), sought)


def test_the_one_chart_is_found_and_written_to(
    outbox: Outbox, caplog: pytest.LogCaptureFixture, make: str
) -> None:
    caplog.set_level(logging.INFO)
    sought = someone()
    patient = chart(outbox, sought)
    # A number of another clinic's is another number.
    other = outbox.patient(
        identifier=[{"system": "http://example.org/other", "value": sought.record_number}]
    )
    sent = said_by(outbox, sought)
    outbox.work()
    assert outbox.state(sent) == ("verified", None)
    assert effects(outbox.real, sent) == ONE
    assert (elements_of(outbox.real.read(patient))["race"] is None, outbox.versions(other)) == (
        False,
        1,
    )
    assert sought.record_number not in caplog.text
    # Nor is it in an address, unless a server takes no search by POST, as Medplum's router does not.
    assert any(sought.record_number in each.path for each in outbox.proxy.asked) is (
        make == "medplum"
    )
    # Sent a second time as it was, it is known.
    with outbox.database.write() as tx:
        assert not submissions.submit(tx, sent, "main", None, Known(BORN))


def test_it_goes_on_with_the_chart_that_it_was_sent_to(outbox: Outbox) -> None:
    sought = someone()
    patient = chart(outbox, sought)
    sent = said_by(outbox, sought)
    outbox.proxy.plan = [at_batch(answering(503))]
    outbox.work()
    assert outbox.state(sent)[0] == "accepted"
    # The number goes to somebody else meanwhile.
    outbox.edit(patient, identifier=[])
    chart(outbox, sought)
    outbox.work_until_closed(sent)
    assert outbox.state(sent) == ("verified", None)
    assert effects(outbox.real, sent) == ONE


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("nobody", "No chart in use has this record number."),
        ("born", "The chart of this record number has another date of birth, or no whole one."),
        ("two", "More than one chart has this record number and date of birth."),
        ("closed", "No chart in use has this record number."),
    ],
)
def test_without_exactly_one_chart_nothing_is_written_and_the_desk_corrects_it(
    outbox: Outbox, why: str, words: str
) -> None:
    sought, right = someone(), someone()
    wrong: list[dict[str, Any]] = {
        "nobody": list[Any](),
        "born": [{"birthDate": "1980-02-28"}],
        "two": [{}, {}],
        "closed": [{"active": False}],
    }[why]
    charts = [chart(outbox, sought, **changes) for changes in wrong]
    sent = said_by(outbox, sought)
    outbox.work()
    assert outbox.state(sent) == ("held", "unmatched")
    row = outbox.row(sent)
    assert row.words is not None
    assert row.words.startswith(words)
    assert not {sought.record_number, str(BORN)} & set(row.words.split())
    assert [outbox.versions(each) for each in charts] == [1] * len(charts)
    with outbox.database.read() as tx:
        [lost] = unmatched.waiting(tx, sent.clinic)
    assert (lost.id, lost.sought, lost.words) == (str(sent.id), sought, row.words)
    patient = chart(outbox, right, birthDate="1979-12-31")
    assert correct(outbox, sent, Sought(SYSTEM, right.record_number, date(1979, 12, 31)))
    assert not correct(outbox, sent, right)
    outbox.work()
    assert outbox.state(sent) == ("verified", None)
    assert elements_of(outbox.real.read(patient))["race"] is not None
    assert effects(outbox.real, sent) == ONE


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, "unmatched"), (403, "refused"), (404, "refused"), (405, "refused"), (501, "refused")],
)
def test_a_server_that_looks_for_no_record_numbers_is_not_paused_for_it(
    outbox: Outbox, status: int, reason: str
) -> None:
    sought = someone()
    chart(outbox, sought)
    other, sent = outbox.submit(outbox.patient()), said_by(outbox, sought)

    def unable(asked: Asked, forward: Forward) -> Answered:
        searches = "/Patient?" in asked.path or asked.path.endswith("/Patient/_search")
        return Answered(status, {}, b"") if searches else forward(asked)

    outbox.proxy.always = unable
    outbox.work()
    assert [outbox.state(each) for each in (other, sent)] == [("verified", None), ("held", reason)]
    outbox.proxy.always = None
    with outbox.database.write() as tx:
        assert submissions.retry(tx, str(sent.id))
    outbox.work()
    assert outbox.state(sent) == ("verified", None)


def test_what_was_answered_later_is_not_overwritten_by_what_was_bound_late(outbox: Outbox) -> None:
    """The first is held over a wrong number; meanwhile the patient answers again, and then the desk corrects it."""
    sought, wrong = someone(), someone()
    patient = chart(outbox, sought)
    asian, white = Answer(State.ANSWERED, ("2028-9",)), Answer(State.ANSWERED, ("2106-3",))
    spanish, vietnamese = Answer(State.ANSWERED, ("es",)), Answer(State.ANSWERED, ("vi",))
    first = said_by(
        outbox,
        wrong,
        answers={
            "race-ethnicity": asian,
            "spoken-language": vietnamese,
            "written-language": vietnamese,
        },
    )
    outbox.work()
    assert outbox.state(first) == ("held", "unmatched")
    second = outbox.submit(patient, answers={"race-ethnicity": white, "written-language": spanish})
    outbox.work()
    assert outbox.state(second) == ("verified", None)
    assert correct(outbox, first, sought)
    outbox.work()
    assert outbox.state(first) == ("verified", None)
    held = outbox.real.read(patient)
    assert "2106-3" in str(elements_of(held)["race"])
    assert "2028-9" not in str(elements_of(held)["race"])
    # Only what the second did not speak of is the first one's.
    assert effects(outbox.real, first) == {
        **dict.fromkeys(ONE, 0),
        "QuestionnaireResponse": 1,
        "spoken-language": 1,
        "Provenance": 1,
    }
    codes = {
        each["code"] for entry in held["communication"] for each in entry["language"]["coding"]
    }
    assert {"es", "vi"} <= codes


def test_what_another_worker_is_sending_meanwhile_is_not_overwritten(outbox: Outbox) -> None:
    """The newer one is under way while the older one's chart is found: the older one waits, and says only what is left."""
    sought = someone()
    patient = chart(outbox, sought)
    asian, white = Answer(State.ANSWERED, ("2028-9",)), Answer(State.ANSWERED, ("2106-3",))
    first = said_by(
        outbox,
        sought,
        answers={"race-ethnicity": asian, "interpreter": Answer(State.ANSWERED, ("yes",))},
    )
    second = outbox.submit(patient, answers={"race-ethnicity": white})
    with outbox.database.write() as tx:
        mine, other = claims.claim(tx, "main", limit=2, lease=timedelta(minutes=30))
        claims.release(tx, mine, until=tx.now)
    outbox.work()
    assert outbox.state(first) == ("queued", None)
    with outbox.database.write() as tx:
        claims.release(tx, other, until=tx.now)
    outbox.work()
    assert [outbox.state(each)[0] for each in (first, second)] == ["queued", "verified"]
    outbox.clock.advance(minutes=1)
    outbox.work()
    assert outbox.state(first) == ("verified", None)
    held = elements_of(outbox.real.read(patient))
    assert "2106-3" in str(held["race"])
    assert "2028-9" not in str(held["race"])
    assert [each["valueBoolean"] for each in held["interpreter"]] == [True]


def test_whoever_is_behind_another_searches_less_and_less_often(outbox: Outbox) -> None:
    sought = someone()
    outbox.submit(chart(outbox, sought))
    said_by(outbox, sought)
    bench = Bench(
        outbox.settings,
        outbox.server,
        outbox.database,
        outbox.real,
        pytest.fail,
        outbox.clock,
        lambda: 0.5,
    )
    waits: list[float] = []
    for _ in range(4):
        with outbox.database.write() as tx:
            older, mine = claims.claim(tx, "main", limit=2, lease=timedelta(minutes=5))
        with pytest.raises(NotNow) as behind:
            matching.bound(bench, mine)
        waits.append(behind.value.wait.total_seconds())
        with outbox.database.write() as tx:
            for each in (older, mine):
                claims.release(tx, each, until=tx.now)
    assert waits == [1.5, 3, 6, 12]


def test_who_is_registered_later_is_found_when_the_same_is_looked_for_again(outbox: Outbox) -> None:
    sought = someone()
    sent = said_by(outbox, sought)
    outbox.work()
    chart(outbox, sought)
    assert correct(outbox, sent, sought)
    outbox.work()
    assert outbox.state(sent) == ("verified", None)


def test_of_merged_charts_the_last_is_the_one(outbox: Outbox) -> None:
    sought = someone()
    patient = chart(outbox, sought)
    chart(
        outbox,
        sought,
        active=False,
        link=[{"type": "replaced-by", "other": {"reference": patient}}],
    )
    sent = said_by(outbox, sought)
    outbox.work()
    assert outbox.state(sent) == ("verified", None)
    assert elements_of(outbox.real.read(patient))["race"] is not None


def test_two_submissions_of_one_chart_keep_their_order_however_the_chart_is_named(
    outbox: Outbox,
) -> None:
    sought = someone()
    patient = chart(outbox, sought)
    first = said_by(outbox, sought)
    second = outbox.submit(patient, answers={"interpreter": Answer(State.ANSWERED, ("yes",))})
    outbox.work()
    for each in (first, second):
        outbox.work_until_closed(each)
    assert [outbox.state(each) for each in (first, second)] == [("verified", None)] * 2
    held = outbox.real.read(patient)
    assert [each["valueBoolean"] for each in elements_of(held)["interpreter"]] == [True]


def let_in(outbox: Outbox, sought: Sought) -> str:
    """Put them on the list of the clinic, as the desk does."""
    clinic = next(iter(outbox.settings.clinics.values()))
    visit = Visit(
        str(uuid4()),
        clinic.id,
        "main",
        sought.reference,
        outbox.clock(),
        birth_date=BORN,
        sought=Search.NEW,
    )
    with outbox.database.write() as tx:
        visits.put(tx, visit)
    return visit.id


def listed(outbox: Outbox, visit: str) -> Visit:
    with outbox.database.read() as tx:
        found = visits.get(tx, visit)
    assert found is not None
    return found


def test_the_desk_sees_names_and_mistakes_before_anybody_answers(outbox: Outbox) -> None:
    known, unknown = someone(), someone()
    patient = chart(outbox, known)
    mine, nobodys = let_in(outbox, known), let_in(outbox, unknown)
    assert matching.seek(outbox.settings, outbox.database, outbox.clock, Search.NEW)
    found = listed(outbox, mine)
    assert (found.name, found.patient, found.sought) == ("Lan Nguyen", patient, Search.FOUND)
    assert found.base == elements_of(outbox.real.read(patient))
    missed = listed(outbox, nobodys)
    assert (missed.sought, missed.fault) == (Search.NONE, "No chart in use has this record number.")
    # Registered since, and looked for again.
    chart(outbox, unknown)
    assert matching.seek(outbox.settings, outbox.database, outbox.clock, Search.NEW, Search.NONE)
    assert (listed(outbox, nobodys).name, listed(outbox, nobodys).fault) == ("Lan Nguyen", "")


def test_a_server_that_fails_leaves_the_search_for_later(outbox: Outbox) -> None:
    visit, other = let_in(outbox, someone()), let_in(outbox, someone())
    outbox.proxy.plan = [answering(503)]
    assert not matching.seek(outbox.settings, outbox.database, outbox.clock, Search.NEW)
    # One that fails alone keeps no other waiting.
    assert {listed(outbox, each).sought for each in (visit, other)} == {Search.NEW, Search.NONE}
    again = [replace(listed(outbox, each), sought=Search.NEW) for each in (visit, other)]
    with outbox.database.write() as tx:
        for each in again:
            visits.put(tx, each)
    outbox.proxy.always = answering(503)
    assert not matching.seek(outbox.settings, outbox.database, outbox.clock, Search.NEW)
    assert {listed(outbox, each).sought for each in (visit, other)} == {Search.NEW}
    # After hours as well; but nobody looks for ever for who is never registered.
    outbox.proxy.always = None
    outbox.clock.advance(hours=3)
    assert matching.seek(outbox.settings, outbox.database, outbox.clock, Search.NEW)
    assert {listed(outbox, each).sought for each in (visit, other)} == {Search.NONE}
    asked = len(outbox.proxy.asked)
    assert matching.seek(outbox.settings, outbox.database, outbox.clock, Search.NEW, Search.NONE)
    assert len(outbox.proxy.asked) == asked
