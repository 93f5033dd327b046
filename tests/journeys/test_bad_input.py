"""Rejected forms come back with their values and a plain sentence; forged input changes nothing."""

import logging
from uuid import uuid4

import pytest

from intake.store import drafts
from intake.store.outbox.records import list_records
from tests.support.patients import PatientSession
from tests.support.sites import TestSite


@pytest.fixture
def person(pages: TestSite) -> PatientSession:
    """Return a patient at the first question."""
    pages.expect_visit("1")
    session = PatientSession(pages)
    session.reach_first_question()
    return session


def fault_message(person: PatientSession) -> str:
    """Return the sentence at the top of the page, or nothing."""
    return " ".join(node.to_text().strip() for node in person.document.query(".fault"))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"choice": ["2028-9"], "state": "declined"}, "Which one should we keep?"),
        ({"own-words": "Hmong", "state": "unknown"}, "Which one should we keep?"),
        ({"choice": ["2028-9", "no-such-group"]}, "Please choose from the answers on this page."),
        ({"own-words": "x" * 10_000}, "too long"),
        ({"own-words": "a\x07b"}, "One of the characters cannot be saved"),
    ],
    ids=["declined", "unknown", "forged", "long", "control"],
)
def test_shows_a_rejected_form_again_with_its_values(
    person: PatientSession, typed: dict[str, str | list[str]], sentence: str
) -> None:
    person.send_form(typed)
    assert person.path == "/question/race-ethnicity"
    assert sentence in fault_message(person)
    values = person.form_values(person.find_form(None))
    assert values.get("choice", []) == [
        choice for choice in typed.get("choice", []) if choice != "no-such-group"
    ]
    assert values["own-words"] == [str(typed.get("own-words", "")).replace("\x07", "\x07")]
    person.send_form({"choice": ["2028-9"], "own-words": ""})
    assert (person.path, fault_message(person)) == ("/question/race-ethnicity/details", "")


def test_asks_once_before_declining_replaces_an_answer(person: PatientSession) -> None:
    person.send_form({"choice": ["2028-9"]})
    person.open_page("/question/race-ethnicity")
    person.send_form({"state": "declined"})
    assert "Which one" in fault_message(person)
    person.send_form({"state": "only-declined"})
    assert person.path == "/question/spoken-language"
    person.open_page("/question/race-ethnicity")
    assert "Your answer so far:" in person.page.text
    assert "checked" not in person.page.text


@pytest.mark.parametrize(
    ("state", "words"), [("declined", "I’d rather not say"), ("unknown", "I don’t know")]
)
def test_continue_without_a_choice_keeps_declined_and_unknown(
    person: PatientSession, state: str, words: str
) -> None:
    for _ in range(4):
        person.send_form({"state": state})
    for question in ("race-ethnicity", "spoken-language", "interpreter"):
        person.open_page(f"/question/{question}")
        assert words in person.page.text
        person.send_form()
    assert (person.path, "Not answered" in person.page.text) == ("/check", False)
    person.open_page("/question/interpreter")
    person.send_form({"choice": "yes"})
    assert person.page.text.count(words) == 3


def test_counts_a_repeated_choice_once(person: PatientSession) -> None:
    person.send_form({"choice": ["2028-9", "2028-9"]})
    assert person.path == "/question/race-ethnicity/details"


def test_rejects_two_languages(person: PatientSession) -> None:
    person.send_form()
    person.send_form({"choice": ["en", "es"]})
    assert "Please choose from the answers on this page." in fault_message(person)


def test_another_language_needs_its_name(person: PatientSession) -> None:
    person.send_form()
    person.send_form({"choice": "own-words"})
    assert "Please write the name of the language" in fault_message(person)


def test_a_search_without_a_choice_is_no_answer_and_is_not_lost(person: PatientSession) -> None:
    person.send_form()
    person.send_form({"search": "quiche"})
    assert "K’iche’" in person.page.text
    person.send_form()
    assert "Please choose one from the list" in fault_message(person)
    person.send_form({"choice": "quc"})
    assert person.path == "/question/written-language"


def test_a_search_without_results_lets_the_patient_continue(person: PatientSession) -> None:
    person.send_form({"choice": ["1002-5"]})
    person.send_form({"search": "zzzqqq"})
    assert "We did not find a group by that name." in person.page.text
    person.send_form()
    assert (person.path, fault_message(person)) == ("/question/spoken-language", "")


@pytest.mark.parametrize("term", ["samo", "navajo"], ids=["on the page", "found"])
def test_reminds_once_to_pick_a_search_result(person: PatientSession, term: str) -> None:
    person.send_form({"choice": ["1002-5", "2076-8"]})
    person.send_form({"search": term})
    person.send_form()
    assert "Please choose one from the list" in fault_message(person)
    person.send_form({"search": "hopi"})
    assert (person.path, fault_message(person)) == ("/question/race-ethnicity/details", "")
    person.send_form()
    assert "Please choose one from the list" in fault_message(person)
    person.send_form()
    assert (person.path, fault_message(person)) == ("/question/spoken-language", "")


def test_reminds_once_of_a_found_language_on_the_page(person: PatientSession) -> None:
    person.send_form()
    person.send_form({"search": "spanish"})
    person.send_form()
    assert "Please choose one from the list" in fault_message(person)
    person.send_form()
    assert person.path == "/question/written-language"


def test_a_code_from_a_search_adds_its_group(person: PatientSession) -> None:
    person.send_form({"choice": ["2106-3"]})
    person.send_form({"search": "Laotian", "find": "1"})
    assert "Laotian" in person.page.text
    person.send_form({"choice": ["2041-2"]})
    person.open_page("/question/race-ethnicity")
    assert person.form_values(person.find_form(None))["choice"] == ["2028-9", "2106-3"]


def test_the_informant_is_required(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question(informant="the cat")
    assert (person.path, fault_message(person)) == ("/who", "Please choose who is answering.")


def test_leads_back_from_pages_further_ahead(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.pair_tablet()
    person.choose_language("en")
    person.give_birth_date(17, 5, 1980)
    for path in (
        "/check",
        "/question/interpreter",
        "/question/race-ethnicity/details",
        "/question/none",
    ):
        person.open_page(path)
        assert person.path == ("/why" if path != "/question/none" else path)
    assert person.page.status_code == 404


def test_a_form_without_a_csrf_token_gets_a_calm_page(person: PatientSession) -> None:
    response = person.client.post("/question/race-ethnicity", data={"choice": "2028-9"})
    assert response.status_code == 400
    assert "Please start again" in response.text


def test_rejects_the_submission_id_of_another_visit(
    person: PatientSession, pages: TestSite
) -> None:
    for _ in range(4):
        person.send_form()
    person.send_form({"submission": str(uuid4())})
    assert person.page.status_code == 410
    with pages.database.read() as tx:
        assert list_records(tx) == ()


def test_an_idle_tablet_drops_the_draft(person: PatientSession, pages: TestSite) -> None:
    person.send_form({"choice": ["2028-9"]})
    pages.clock.advance(minutes=4)
    person.open_page("/question/race-ethnicity")
    assert person.path == "/question/race-ethnicity"
    pages.clock.advance(minutes=5)
    page = person.page
    person.open_page("/question/race-ethnicity")
    assert person.heading == "Choose a language"
    person.page = page
    person.send_form({"choice": ["2106-3"]})
    assert (person.page.status_code, person.heading) == (400, "Please start again")


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://evil.example",
    ],
)
def test_changing_the_appearance_never_leads_to_another_site(
    person: PatientSession, back: str
) -> None:
    person.send_form({"size": "large", "back": back}, form="/look")
    assert (person.page.status_code, [response.location for response in person.page.history]) == (
        200,
        ["/"],
    )


def test_explains_that_the_draft_is_gone(person: PatientSession, pages: TestSite) -> None:
    with pages.database.write() as tx:
        drafts.drop_idle_drafts(
            tx, kiosk=pages.settings.times.kiosk_drop * 0, others=pages.settings.times.draft_idle
        )
    person.send_form({"choice": ["2028-9"]})
    assert person.heading == "Please start again"


def test_logs_never_contain_what_the_patient_typed(
    person: PatientSession, caplog: pytest.LogCaptureFixture, pages: TestSite
) -> None:
    pages.app.testing = False
    caplog.set_level(logging.DEBUG)
    person.send_form({"own-words": "Tu’un Savi " * 300, "state": "nonsense"})
    person.send_form({"choice": ["\x00"]})
    person.client.post(
        "/question/race-ethnicity",
        data=b"\xff\xfe=%%%",
        content_type="application/x-www-form-urlencoded",
    )
    assert person.page.status_code < 500
    assert "Savi" not in caplog.text


def test_an_internal_error_is_calm_and_reveals_no_answer(
    person: PatientSession,
    caplog: pytest.LogCaptureFixture,
    pages: TestSite,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages.app.testing = False

    def fail(*_args: object) -> None:
        raise RuntimeError("Tu’un Savi")

    monkeypatch.setattr(drafts, "save_state", fail)
    person.send_form({"own-words": "Tu’un Savi"})
    assert (person.page.status_code, person.heading) == (500, "Something went wrong on our side")
    assert "RuntimeError" in caplog.text
    assert "Savi" not in caplog.text + person.words


INVISIBLE = ["\u200b", "\u2800", "\u3164", "\uffff"]


@pytest.mark.parametrize("words", INVISIBLE, ids=ascii)
def test_words_that_nobody_sees_are_nothing_typed(person: PatientSession, words: str) -> None:
    person.send_form({"own-words": words})
    assert (person.path, fault_message(person)) == ("/question/spoken-language", "")
    person.send_form({"choice": "own-words", "own-words": words})
    assert "Please write the name of the language" in fault_message(person)


@pytest.mark.parametrize("words", INVISIBLE, ids=ascii)
def test_a_write_in_that_nobody_sees_is_nothing_typed(person: PatientSession, words: str) -> None:
    person.send_form({"choice": ["2028-9"]})
    person.send_form({"write-in-2028-9": words})
    for _ in range(3):
        person.send_form()
    assert person.path == "/check"
    assert "<q>" not in person.page.text


@pytest.mark.parametrize("words", ["Unknown", "N/A", "None", "a\u200bb"], ids=ascii)
def test_own_words_that_show_something_are_kept(person: PatientSession, words: str) -> None:
    person.send_form({"own-words": words})
    for _ in range(3):
        person.send_form()
    assert person.path == "/check"
    assert f"<bdi>{words}</bdi>" in person.page.text
