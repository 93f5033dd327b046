"""A visit on the tablet, from pairing to the thank-you, with every page strictly checked."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from intake.answers import Answer, AnswerState, Channel, Informant
from intake.store import visits
from intake.store.outbox.records import Status, list_records
from intake.store.tables import drafts
from tests.support.journeys import read_only_submission
from tests.support.patients import PatientSession
from tests.support.sites import TestSite, make_site
from tests.support.strict_pages import node_attributes


def test_from_pairing_to_thank_you(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    assert person.path == "/question/race-ethnicity"
    person.send_form({"choice": ["2028-9", "2118-8"]})
    assert person.path == "/question/race-ethnicity/details"
    person.send_form({"choice": ["2034-7", "2047-9"], "write-in-2118-8": "de Alepo"})
    person.send_form({"choice": "yue"})
    person.send_form({"choice": "own-words", "own-words": "Ñuu Savi"})
    person.send_form({"state": "declined"})
    assert person.heading == "Check your answers"
    assert "“" not in person.page.text or "de Alepo" in person.page.text
    person.send_form()
    assert (person.path, person.heading) == ("/done", "Thank you")
    submission = read_only_submission(pages)
    assert submission.answers == {
        "race-ethnicity": Answer(
            AnswerState.ANSWERED, ("2028-9", "2034-7", "2047-9", "2118-8"), {"2118-8": "de Alepo"}
        ),
        "spoken-language": Answer(AnswerState.ANSWERED, ("yue",)),
        "written-language": Answer(AnswerState.ANSWERED, (), {"own-words": "Ñuu Savi"}),
        "interpreter": Answer(AnswerState.DECLINED),
    }
    assert (submission.patient, submission.appointment, submission.clinic) == (
        "Patient/1",
        "Appointment/1",
        "riverside",
    )
    assert (submission.informant, submission.channel, submission.locale) == (
        Informant.SELF,
        Channel.KIOSK,
        "en",
    )
    assert submission.answered_at.isoformat() == "2026-11-24T10:00:00-05:00"


def test_requires_no_answer_and_invents_none(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    for _ in range(4):
        person.send_form()
    assert person.page.text.count("Not answered") == 4
    person.send_form()
    assert read_only_submission(pages).answers == {}


def test_a_change_returns_to_the_check_page(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    for _ in range(4):
        person.send_form()
    person.open_page("/question/interpreter")
    person.send_form({"choice": "yes"})
    assert person.path == "/check"
    person.open_page("/question/race-ethnicity")
    person.send_form({"choice": ["2106-3"]})
    assert person.path == "/question/race-ethnicity/details"
    person.send_form({"choice": ["2113-9"]})
    assert person.path == "/check"
    assert "Irish" in person.page.text


def test_stores_a_double_submit_once_and_thanks_twice(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    for _ in range(4):
        person.send_form()
    token = person.client.get_cookie("visit")
    check_page, values = person.page, person.form_values(person.find_form(None))
    assert token is not None
    for _ in range(2):
        # A browser sends the second tap before it has the first response's cookie.
        person.client.set_cookie("visit", token.value)
        person.page = check_page
        assert (
            person.client.post("/send", data=values, follow_redirects=True).request.path == "/done"
        )
    with pages.database.read() as tx:
        assert [record.status for record in list_records(tx)] == [Status.QUEUED]


def test_the_next_patient_finds_no_trace(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    person.send_form({"choice": ["2028-9"]})
    for _ in range(4):
        person.send_form()
    person.send_form()
    for path in ("/check", "/question/race-ethnicity", "/why", "/who", "/onward"):
        person.open_page(path)
        assert (person.path, person.heading) == ("/", "Choose a language")
    assert "Asian" not in person.words


def test_the_first_page_wipes_the_draft(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question(language="es")
    person.send_form({"state": "declined"})
    person.send_form({"choice": "yue"})
    person.client.head("/")
    person.open_page("/question/written-language")
    assert person.path == "/question/written-language"
    person.open_page("/")
    assert (person.heading, node_attributes(person.document.query("html")[0])["lang"]) == (
        "Choose a language",
        "en",
    )
    for path in ("/question/spoken-language", "/onward", "/find"):
        person.open_page(path)
        assert "Cantonese" not in person.page.text
        assert person.path == ("/" if path != "/find" else path)
    with pages.database.read() as tx:
        assert tx.connection.execute(select(func.count()).select_from(drafts)).scalar() == 0


def test_the_first_page_after_a_thank_you_is_reset(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question(language="es")
    person.send_form({"size": "largest"}, form="/look")
    person.send_form({"theme": "dark"}, form="/look")
    for _ in range(5):
        person.send_form()
    assert person.heading == "Gracias"
    root = node_attributes(person.document.query("html")[0])
    assert (root["data-size"], root["data-theme"]) == ("largest", "dark")
    person.open_page("/")
    root = node_attributes(person.document.query("html")[0])
    assert (person.heading, root["lang"], {"data-size", "data-theme"} & root.keys()) == (
        "Choose a language",
        "en",
        set(),
    )


def test_keeps_the_text_size_chosen_on_the_first_page(pages: TestSite) -> None:
    person = PatientSession(pages)
    person.pair_tablet()
    person.send_form({"size": "large"}, form="/look")
    assert (person.path, node_attributes(person.document.query("html")[0])["data-size"]) == (
        "/",
        "large",
    )
    person.send_form({"language": "es"}, form="/language")
    person.open_page("/")
    root = node_attributes(person.document.query("html")[0])
    assert (root["lang"], root["data-size"]) == ("en", "large")


def test_works_over_https_with_secure_cookies(
    secure_pages: TestSite,
) -> None:
    secure_pages.expect_visit("1")
    person = PatientSession(secure_pages, "https://intake.clinic.example")
    person.reach_first_question("guardian")
    assert person.heading == "What is the patient’s race and/or ethnicity?"
    for _ in range(7):
        person.send_form()
    assert person.heading == "Thank you"
    for name in ("visit", "tablet"):
        cookie = person.client.get_cookie(name, domain="intake.clinic.example")
        assert cookie is not None
        assert (cookie.secure, cookie.http_only, cookie.same_site) == (True, True, "Lax")


def test_asks_the_questions_of_the_1997_standard(template: Path, tmp_path: Path) -> None:
    site = make_site(template, tmp_path, question_set="omb-1997")
    site.expect_visit("1")
    person = PatientSession(site)
    person.reach_first_question()
    assert person.path == "/question/ethnicity"
    person.send_form({"choice": ["2135-2", "2186-5"]})
    assert "Two of your choices do not go together" in person.page.text
    person.send_form({"choice": ["2135-2"]})
    person.send_form({"choice": ["2184-0"]})
    person.send_form({"choice": ["2106-3"]})
    person.send_form({"search": "Egyptian", "find": "1"})
    person.send_form({"choice": ["2120-4"]})
    for _ in range(3):
        person.send_form()
    assert person.heading == "Check your answers"
    person.send_form()
    submission = read_only_submission(site)
    assert submission.question_set == "omb-1997"
    assert submission.answers["ethnicity"].choices == ("2135-2", "2184-0")
    assert submission.answers["race"].choices == ("2106-3", "2120-4")
    site.database.close()


def test_a_detail_of_two_groups_goes_to_the_group_that_was_ticked(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    person.send_form({"choice": ["2028-9"]})
    person.send_form({"search": "Afghanistani", "find": "1"})
    person.send_form({"choice": ["2126-1"]})
    for _ in range(3):
        person.send_form()
    assert "Middle Eastern" not in person.page.text
    person.send_form()
    assert read_only_submission(pages).answers["race-ethnicity"].choices == ("2028-9", "2126-1")


def test_keeps_the_patient_when_the_visit_leaves_the_schedule(
    pages: TestSite,
) -> None:
    visit = pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    with pages.database.write() as tx:
        visits.record_fetch(
            tx, "riverside", [], visit.starts_at, visit.starts_at + timedelta(hours=1)
        )
    for _ in range(5):
        person.send_form()
    assert person.heading == "Thank you"
    assert read_only_submission(pages).patient == "Patient/1"


def test_names_a_language_without_endonym_in_the_pages_language(
    pages: TestSite,
) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question(language="es")
    person.send_form()
    person.send_form({"search": "sign", "find": "1"})
    assert "Another sign language" not in person.page.text
    person.send_form({"choice": "sign-other"})
    for _ in range(2):
        person.send_form()
    assert "otra lengua de señas" in person.page.text
