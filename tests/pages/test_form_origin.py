"""Forms are taken from our own pages only, also from browsers that send no Referer."""

import pytest

from tests.support.patients import PatientSession
from tests.support.sites import TestSite

OWN = "https://intake.clinic.example"


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({}, True),
        ({"Origin": OWN}, True),
        ({"Referer": f"{OWN}/find"}, True),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "null"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": OWN, "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://intake.clinic.example"}, False),
        ({"Origin": f"{OWN}.evil.example"}, False),
        ({"Referer": "https://evil.example/"}, False),
    ],
)
def test_a_form_over_https_needs_no_referer_but_our_own_origin(
    secure_pages: TestSite, headers: dict[str, str], is_taken: bool
) -> None:
    person = PatientSession(secure_pages, OWN)
    person.pair_tablet()
    values = person.form_values(person.find_form("/language"))
    answer = person.client.post(
        "/language", data=values | {"language": ["es"]}, base_url=OWN, headers=headers
    )
    assert answer.status_code == (303 if is_taken else 400)
    assert ("from our page" in answer.text) is not is_taken


def test_the_sentence_fits_the_cause(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    question, values = person.path, person.form_values(person.find_form(None))
    # Another window of the same tablet returns to the first page.
    other = person.client.get("/")
    assert other.status_code == 200
    person.page = person.client.post(question, data=values)
    sentence = person.document.query("main .lead")[0].to_text()
    assert "no longer in use" in sentence
    assert "Nothing was sent" in sentence


def test_an_idle_page_says_that_it_was_open_for_long(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    pages.clock.advance(minutes=6)
    person.send_form({"choice": ["2028-9"]})
    assert person.page.status_code == 410
    assert "open for a while" in person.document.query("main .lead")[0].to_text()


def test_a_browser_without_cookies_had_nothing_cleared(pages: TestSite) -> None:
    answer = pages.open_client().post("/language", data={"language": "es"})
    assert answer.status_code == 400
    assert "from our page" in answer.text
