"""What cannot be taken is shown again with what was typed and a plain sentence; nothing is lost, nothing forged goes in."""

import logging
from uuid import uuid4

import pytest

from intake.store import drafts
from intake.store.outbox.submissions import list_records
from tests.support.patients import PatientSession
from tests.support.sites import TestSite


@pytest.fixture
def person(pages: TestSite) -> PatientSession:
    """Someone at the first question."""
    pages.expect_visit("1")
    found = PatientSession(pages)
    found.reach_first_question()
    return found


def fault(person: PatientSession) -> str:
    """The sentence at the top of the page, empty where there is none."""
    return " ".join(node.to_text().strip() for node in person.document.query(".fault"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"choice": ["2028-9"], "state": "declined"}, "Which one should we keep?"),
        ({"own-words": "Hmong", "state": "unknown"}, "Which one should we keep?"),
        ({"choice": ["2028-9", "no-such-group"]}, "Please choose from the answers on this page."),
        ({"own-words": "x" * 10_000}, "too long"),
        ({"own-words": "a\x07b"}, "only letters, numbers, and signs"),
    ],
    ids=["declined", "unknown", "forged", "long", "control"],
)
def test_shown_again_with_what_was_typed(
    person: PatientSession, given: dict[str, str | list[str]], sentence: str
) -> None:
    person.send_form(given)
    assert person.path == "/question/race-ethnicity"
    assert sentence in fault(person)
    held = person._held(person._form(None))
    assert held.get("choice", []) == [
        each for each in given.get("choice", []) if each != "no-such-group"
    ]
    assert held["own-words"] == [str(given.get("own-words", "")).replace("\x07", "\x07")]
    person.send_form({"choice": ["2028-9"], "own-words": ""})
    assert (person.path, fault(person)) == ("/question/race-ethnicity/details", "")


def test_declining_after_an_answer_is_asked_once_and_then_kept(person: PatientSession) -> None:
    person.send_form({"choice": ["2028-9"]})
    person.open_page("/question/race-ethnicity")
    person.send_form({"state": "declined"})
    assert "Which one" in fault(person)
    person.send_form({"state": "only-declined"})
    assert person.path == "/question/spoken-language"
    person.open_page("/question/race-ethnicity")
    assert "Your answer so far:" in person.page.text
    assert "checked" not in person.page.text


@pytest.mark.parametrize(
    ("state", "words"), [("declined", "I’d rather not say"), ("unknown", "I don’t know")]
)
def test_to_go_on_from_what_was_not_answered_takes_nothing_back(
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


def test_a_repeated_choice_is_one_choice(person: PatientSession) -> None:
    person.send_form({"choice": ["2028-9", "2028-9"]})
    assert person.path == "/question/race-ethnicity/details"


def test_two_languages_are_one_too_many(person: PatientSession) -> None:
    person.send_form()
    person.send_form({"choice": ["en", "es"]})
    assert "Please choose from the answers on this page." in fault(person)


def test_another_language_needs_its_name(person: PatientSession) -> None:
    person.send_form()
    person.send_form({"choice": "own-words"})
    assert "Please write the name of the language" in fault(person)


def test_a_search_is_no_answer_and_is_not_lost(person: PatientSession) -> None:
    person.send_form()
    person.send_form({"search": "quiche"})
    assert "K’iche’" in person.page.text
    person.send_form()
    assert "Please choose one from the list" in fault(person)
    person.send_form({"choice": "quc"})
    assert person.path == "/question/written-language"


def test_what_was_not_found_keeps_nobody_from_going_on(person: PatientSession) -> None:
    person.send_form({"choice": ["1002-5"]})
    person.send_form({"search": "oaxaqueño"})
    assert "We did not find a group by that name." in person.page.text
    person.send_form()
    assert (person.path, fault(person)) == ("/question/spoken-language", "")


@pytest.mark.parametrize("term", ["samo", "navajo"], ids=["on the page", "found"])
def test_who_picks_nothing_of_what_was_found_is_told_once(
    person: PatientSession, term: str
) -> None:
    person.send_form({"choice": ["1002-5", "2076-8"]})
    person.send_form({"search": term})
    person.send_form()
    assert "Please choose one from the list" in fault(person)
    person.send_form({"search": "hopi"})
    assert (person.path, fault(person)) == ("/question/race-ethnicity/details", "")
    person.send_form()
    assert "Please choose one from the list" in fault(person)
    person.send_form()
    assert (person.path, fault(person)) == ("/question/spoken-language", "")


def test_a_language_that_is_on_the_page_is_asked_for_once(person: PatientSession) -> None:
    person.send_form()
    person.send_form({"search": "spanish"})
    person.send_form()
    assert "Please choose one from the list" in fault(person)
    person.send_form()
    assert person.path == "/question/written-language"


def test_a_code_found_by_searching_brings_its_group(person: PatientSession) -> None:
    person.send_form({"choice": ["2106-3"]})
    person.send_form({"search": "Laotian", "find": "1"})
    assert "Laotian" in person.page.text
    person.send_form({"choice": ["2041-2"]})
    person.open_page("/question/race-ethnicity")
    assert person._held(person._form(None))["choice"] == ["2028-9", "2106-3"]


def test_who_is_answering_has_to_be_said(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question(informant="the cat")
    assert (person.path, fault(person)) == ("/who", "Please choose who is answering.")


def test_nobody_jumps_ahead(pages: TestSite) -> None:
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


def test_a_form_without_its_token_is_a_calm_page(person: PatientSession) -> None:
    answer = person.client.post("/question/race-ethnicity", data={"choice": "2028-9"})
    assert answer.status_code == 400
    assert "Please start again" in answer.text


def test_another_visits_id_sends_nothing(person: PatientSession, pages: TestSite) -> None:
    for _ in range(4):
        person.send_form()
    person.send_form({"submission": str(uuid4())})
    assert person.page.status_code == 410
    with pages.database.read() as tx:
        assert list_records(tx) == ()


def test_left_alone_a_tablet_forgets(person: PatientSession, pages: TestSite) -> None:
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
def test_a_choice_of_how_the_pages_look_leads_to_no_other_site(
    person: PatientSession, back: str
) -> None:
    person.send_form({"size": "large", "back": back}, form="/look")
    assert (person.page.status_code, [each.location for each in person.page.history]) == (
        200,
        ["/"],
    )


def test_a_draft_that_vanished_is_said_so(person: PatientSession, pages: TestSite) -> None:
    with pages.database.write() as tx:
        drafts.drop_idle_drafts(
            tx, kiosk=pages.settings.times.kiosk_drop * 0, others=pages.settings.times.draft_idle
        )
    person.send_form({"choice": ["2028-9"]})
    assert person.heading == "Please start again"


def test_no_log_says_what_was_typed(
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


def test_a_fault_of_ours_is_calm_and_tells_no_answer(
    person: PatientSession,
    caplog: pytest.LogCaptureFixture,
    pages: TestSite,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages.app.testing = False

    def broken(*_args: object) -> None:
        raise RuntimeError("Tu’un Savi")

    monkeypatch.setattr(drafts, "save_state", broken)
    person.send_form({"own-words": "Tu’un Savi"})
    assert (person.page.status_code, person.heading) == (500, "Something went wrong on our side")
    assert "RuntimeError" in caplog.text
    assert "Savi" not in caplog.text + person.page.text
