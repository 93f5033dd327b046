"""The desk enters answers that a patient said or wrote on a paper sheet."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from intake.answers import Answer, AnswerState, Channel, Informant, Submission
from intake.store import audit
from intake.store.outbox import leases
from intake.store.outbox.records import list_records
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.strict_pages import node_attributes

TOLD = {"channel": "staff", "informant": "self", "locale": "en"}
RACE = "race-ethnicity"


@pytest.fixture
def desk(pages: TestSite) -> StaffSession:
    """Return the desk on the form of one expected patient."""
    pages.expect_visit("1")
    session = sign_in_staff(pages, "desk")
    session.open_page("/staff/today")
    links = [str(node_attributes(node)["href"]) for node in session.document.query("main a")]
    [path] = [link for link in links if link.endswith("/answers")]
    session.open_page(path)
    return session


def read_submissions(pages: TestSite) -> list[Submission]:
    with pages.database.write() as tx:
        leased = leases.acquire_leases(tx, "main", limit=9, lease=timedelta(minutes=1))
    return [row.submission for row in leased]


def send_entry(desk: StaffSession, fields: Mapping[str, str | list[str]]) -> None:
    desk.send_form({**TOLD, **fields})


def test_stores_spoken_answers_with_their_details_and_words(
    pages: TestSite, desk: StaffSession
) -> None:
    send_entry(
        desk,
        {
            f"choice.{RACE}": ["2028-9", "2034-7", "2106-3"],
            f"write-in-2028-9.{RACE}": "Hakka",
            "choice.spoken-language": "yue",
            "state.written-language": "unknown",
            "state.interpreter": "declined",
        },
    )
    assert (desk.path, desk.messages) == (
        "/staff/today",
        ["The answers are saved. The worker writes them into the record."],
    )
    [submission] = read_submissions(pages)
    assert (submission.channel, submission.informant) == (Channel.STAFF, Informant.SELF)
    assert submission.answers == {
        RACE: Answer(AnswerState.ANSWERED, ("2028-9", "2034-7", "2106-3"), {"2028-9": "Hakka"}),
        "spoken-language": Answer(AnswerState.ANSWERED, ("yue",)),
        "written-language": Answer(AnswerState.UNKNOWN),
        "interpreter": Answer(AnswerState.DECLINED),
    }


def test_a_paper_sheet_keeps_its_day_and_language(pages: TestSite, desk: StaffSession) -> None:
    day = (pages.clock() - timedelta(days=3)).date()
    send_entry(
        desk,
        {"channel": "paper", "locale": "es", "day": day.isoformat(), f"choice.{RACE}": "2106-3"},
    )
    [submission] = read_submissions(pages)
    assert (submission.channel, submission.locale) == (Channel.PAPER, "es")
    assert (submission.answered_at.date(), submission.answered_at.hour) == (day, 12)
    assert submission.answered_at.utcoffset() is not None


def test_a_ticked_detail_brings_its_group(pages: TestSite, desk: StaffSession) -> None:
    send_entry(desk, {f"choice.{RACE}": "2040-4"})
    [submission] = read_submissions(pages)
    assert submission.answers[RACE].choices == ("2028-9", "2040-4")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Enter at least one answer, or mark what the patient would rather not say."),
        ({"informant": "", f"choice.{RACE}": "2106-3"}, "Choose who answered."),
        ({"channel": "", f"choice.{RACE}": "2106-3"}, "Choose where the answers come from."),
        ({"locale": "xx", f"choice.{RACE}": "2106-3"}, "Choose the language of the questions."),
        ({"day": "1980", f"choice.{RACE}": "2106-3"}, "Enter the whole date"),
        ({"day": "2999-01-01", f"choice.{RACE}": "2106-3"}, "Check the day: it is in the future"),
        (
            {"day": "2026-01-05", f"choice.{RACE}": "2106-3"},
            "Answers that the patient told you are today's. Change the day.",
        ),
        (
            {f"choice.{RACE}": "2028-9", f"state.{RACE}": "declined"},
            "Race and/or ethnicity has an answer and is also marked as declined or not known.",
        ),
        ({f"write-in-2028-9.{RACE}": "Hakka"}, "whose group is not ticked"),
        ({f"choice.{RACE}": "9999-9"}, "has a choice that is not in the question"),
        ({"choice.interpreter": "maybe"}, "Interpreter has a choice that is not in the question"),
        ({f"state.{RACE}": "forged"}, "has a choice that is not in the question"),
        ({f"own-words.{RACE}": "a\x07b"}, "has a character that is no letter"),
    ],
)
def test_names_what_is_wrong_and_keeps_what_was_typed(
    pages: TestSite, desk: StaffSession, fields: dict[str, str], sentence: str
) -> None:
    path = desk.path
    send_entry(desk, {"own-words.spoken-language": "Gullah" if fields else "", **fields})
    assert any(sentence in message for message in desk.messages), desk.messages
    assert desk.path == path
    if fields:
        assert 'value="Gullah"' in desk.page.text
    with pages.database.read() as tx:
        assert not list_records(tx)


def test_a_form_sent_twice_is_stored_once(pages: TestSite, desk: StaffSession) -> None:
    path, values = desk.path, desk.form_values(desk.find_form(None))
    desk.client.post(path, data={**values, **TOLD, f"choice.{RACE}": "2106-3"})
    pages.clock.advance(minutes=1)
    desk.send_form({**TOLD, f"choice.{RACE}": "2028-9"})
    assert desk.messages[-1] == (
        "These answers were saved before. To correct them, open “Enter answers” again "
        "and enter all of them."
    )
    [submission] = read_submissions(pages)
    assert submission.answers[RACE].choices == ("2106-3",)


def test_never_shows_stored_answers_to_the_desk(pages: TestSite, desk: StaffSession) -> None:
    path = desk.path
    send_entry(desk, {f"own-words.{RACE}": "Gullah Geechee"})
    desk.open_page(path)
    assert "Gullah Geechee" not in desk.page.text


def test_leaves_an_audit_entry_without_answers(pages: TestSite, desk: StaffSession) -> None:
    send_entry(desk, {f"choice.{RACE}": "2106-3"})
    with pages.database.read() as tx:
        [entry] = [entry for entry in audit.recent_entries(tx) if entry.action == "answers-entered"]
    assert (entry.who, len(str(entry.subject))) == ("ana", 36)


def test_questions_to_an_informant_count_only_for_an_informant(
    pages: TestSite, desk: StaffSession
) -> None:
    fields = {f"choice.{RACE}": "2106-3", "choice.informant-language": "es"}
    send_entry(desk, {**fields, "informant": "guardian"})
    [submission] = read_submissions(pages)
    assert submission.answers["informant-language"].choices == ("es",)
