"""A HEAD request, as proxies and previews send it, changes nothing."""

from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes


def test_a_head_request_changes_no_answer(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    person.send_form({"choice": ["2106-3"]})
    for path in (
        "/question/race-ethnicity",
        "/question/spoken-language",
        "/why",
        "/who",
        "/find",
        "/pair",
        "/birth-date",
    ):
        person.client.head(path)
    person.open_page("/question/race-ethnicity")
    assert [node_attributes(node)["value"] for node in person.document.query("input[checked]")] == [
        "2106-3"
    ]
