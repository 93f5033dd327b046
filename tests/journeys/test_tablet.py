"""A visit on the clinic's tablet, from pairing to the thank-you, on a real database, every page strictly checked."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from intake.answers import Answer, Channel, Informant, State, Submission
from intake.store import claims, visits
from intake.store.submissions import Status, listing
from intake.store.tables import drafts
from tests.patients import Person
from tests.sites import TestSite, make_site
from tests.strict import attributes


def only_submission(site: TestSite) -> Submission:
    """The one submission in the outbox."""
    with site.database.write() as tx:
        [claimed] = claims.claim(tx, "main", limit=9, lease=timedelta(minutes=1))
    return claimed.submission


def test_from_pairing_to_thank_you(pages: TestSite) -> None:
    pages.visit("1")
    person = Person(pages)
    person.arrive()
    assert person.path == "/question/race-ethnicity"
    person.send({"choice": ["2028-9", "2118-8"]})
    assert person.path == "/question/race-ethnicity/details"
    person.send({"choice": ["2034-7", "2047-9"], "write-in-2118-8": "de Alepo"})
    person.send({"choice": "yue"})
    person.send({"choice": "own-words", "own-words": "Ñuu Savi"})
    person.send({"state": "declined"})
    assert person.heading == "Check your answers"
    assert "“" not in person.page.text or "de Alepo" in person.page.text
    person.send()
    assert (person.path, person.heading) == ("/done", "Thank you")
    said = only_submission(pages)
    assert said.answers == {
        "race-ethnicity": Answer(
            State.ANSWERED, ("2028-9", "2034-7", "2047-9", "2118-8"), {"2118-8": "de Alepo"}
        ),
        "spoken-language": Answer(State.ANSWERED, ("yue",)),
        "written-language": Answer(State.ANSWERED, (), {"own-words": "Ñuu Savi"}),
        "interpreter": Answer(State.DECLINED),
    }
    assert (said.patient, said.appointment, said.clinic) == (
        "Patient/1",
        "Appointment/1",
        "riverside",
    )
    assert (said.informant, said.channel, said.locale) == (Informant.SELF, Channel.KIOSK, "en")
    assert said.answered_at.isoformat() == "2026-11-24T10:00:00-05:00"


def test_nothing_is_required_and_nothing_is_made_up(pages: TestSite) -> None:
    pages.visit("1")
    person = Person(pages)
    person.arrive()
    for _ in range(4):
        person.send()
    assert person.page.text.count("Not answered") == 4
    person.send()
    assert only_submission(pages).answers == {}


def test_a_change_comes_back_to_the_check_page(pages: TestSite) -> None:
    pages.visit("1")
    person = Person(pages)
    person.arrive()
    for _ in range(4):
        person.send()
    person.get("/question/interpreter")
    person.send({"choice": "yes"})
    assert person.path == "/check"
    person.get("/question/race-ethnicity")
    person.send({"choice": ["2106-3"]})
    assert person.path == "/question/race-ethnicity/details"
    person.send({"choice": ["2113-9"]})
    assert person.path == "/check"
    assert "Irish" in person.page.text


def test_sent_twice_is_stored_once_and_thanked_twice(pages: TestSite) -> None:
    pages.visit("1")
    person = Person(pages)
    person.arrive()
    for _ in range(4):
        person.send()
    token = person.client.get_cookie("visit")
    check, held = person.page, person._held(person._form(None))
    assert token is not None
    for _ in range(2):
        # The second tap leaves with the first one's cookie.
        person.client.set_cookie("visit", token.value)
        person.page = check
        assert person.client.post("/send", data=held, follow_redirects=True).request.path == "/done"
    with pages.database.read() as tx:
        assert [row.status for row in listing(tx)] == [Status.QUEUED]


def test_the_next_person_finds_nothing(pages: TestSite) -> None:
    pages.visit("1")
    person = Person(pages)
    person.arrive()
    person.send({"choice": ["2028-9"]})
    for _ in range(4):
        person.send()
    person.send()
    for path in ("/check", "/question/race-ethnicity", "/why", "/who", "/onward"):
        person.get(path)
        assert (person.path, person.heading) == ("/", "Choose a language")
    assert "Asian" not in person.page.text


def test_the_first_page_wipes_what_was_begun(pages: TestSite) -> None:
    pages.visit("1")
    person = Person(pages)
    person.arrive(language="es")
    person.send({"state": "declined"})
    person.send({"choice": "yue"})
    person.client.head("/")
    person.get("/question/written-language")
    assert person.path == "/question/written-language"
    person.get("/")
    assert (person.heading, attributes(person.document.query("html")[0])["lang"]) == (
        "Choose a language",
        "en",
    )
    for path in ("/question/spoken-language", "/onward", "/find"):
        person.get(path)
        assert "Cantonese" not in person.page.text
        assert person.path == ("/" if path != "/find" else path)
    with pages.database.read() as tx:
        assert tx.connection.execute(select(func.count()).select_from(drafts)).scalar() == 0


def test_the_first_page_after_a_thank_you_is_as_at_the_beginning(pages: TestSite) -> None:
    pages.visit("1")
    person = Person(pages)
    person.arrive(language="es")
    person.send({"size": "largest"}, form="/look")
    person.send({"theme": "dark"}, form="/look")
    for _ in range(5):
        person.send()
    assert person.heading == "Gracias"
    root = attributes(person.document.query("html")[0])
    assert (root["data-size"], root["data-theme"]) == ("largest", "dark")
    person.get("/")
    root = attributes(person.document.query("html")[0])
    assert (person.heading, root["lang"], {"data-size", "data-theme"} & root.keys()) == (
        "Choose a language",
        "en",
        set(),
    )


def test_the_look_that_was_chosen_on_the_first_page_goes_along(pages: TestSite) -> None:
    person = Person(pages)
    person.pair()
    person.send({"size": "large"}, form="/look")
    assert (person.path, attributes(person.document.query("html")[0])["data-size"]) == (
        "/",
        "large",
    )
    person.send({"language": "es"}, form="/language")
    person.get("/")
    root = attributes(person.document.query("html")[0])
    assert (root["lang"], root["data-size"]) == ("en", "large")


def test_behind_https_the_whole_way_works_and_the_cookies_are_secure(
    secure_pages: TestSite,
) -> None:
    secure_pages.visit("1")
    person = Person(secure_pages, "https://intake.clinic.example")
    person.arrive("guardian")
    assert person.heading == "What is the patient’s race and/or ethnicity?"
    for _ in range(7):
        person.send()
    assert person.heading == "Thank you"
    for name in ("visit", "tablet"):
        cookie = person.client.get_cookie(name, domain="intake.clinic.example")
        assert cookie is not None
        assert (cookie.secure, cookie.http_only, cookie.same_site) == (True, True, "Lax")


def test_the_questions_of_1997(template: Path, tmp_path: Path) -> None:
    site = make_site(template, tmp_path, question_set="omb-1997")
    site.visit("1")
    person = Person(site)
    person.arrive()
    assert person.path == "/question/ethnicity"
    person.send({"choice": ["2135-2", "2186-5"]})
    assert "Two of your choices do not go together" in person.page.text
    person.send({"choice": ["2135-2"]})
    person.send({"choice": ["2184-0"]})
    person.send({"choice": ["2106-3"]})
    person.send({"search": "Egyptian", "find": "1"})
    person.send({"choice": ["2120-4"]})
    for _ in range(3):
        person.send()
    assert person.heading == "Check your answers"
    person.send()
    said = only_submission(site)
    assert said.question_set == "omb-1997"
    assert said.answers["ethnicity"].choices == ("2135-2", "2184-0")
    assert said.answers["race"].choices == ("2106-3", "2120-4")
    site.database.close()


def test_where_the_visit_leaves_the_schedule_the_answers_still_find_their_patient(
    pages: TestSite,
) -> None:
    visit = pages.visit("1")
    person = Person(pages)
    person.arrive()
    with pages.database.write() as tx:
        visits.fetched(tx, "riverside", [], visit.starts_at, visit.starts_at + timedelta(hours=1))
    for _ in range(5):
        person.send()
    assert person.heading == "Thank you"
    assert only_submission(pages).patient == "Patient/1"


def test_a_language_without_a_name_of_its_own_is_named_in_the_pages_language(
    pages: TestSite,
) -> None:
    pages.visit("1")
    person = Person(pages)
    person.arrive(language="es")
    person.send()
    person.send({"search": "sign", "find": "1"})
    assert "Another sign language" not in person.page.text
    person.send({"choice": "sign-other"})
    for _ in range(2):
        person.send()
    assert "otra lengua de señas" in person.page.text
