"""Looking changes nothing: a HEAD, as proxies and previews send it, carries no CSRF token and must not count as an answer."""

from tests.patients import Person
from tests.sites import TestSite
from tests.strict import attributes


def test_a_head_is_no_answer(pages: TestSite) -> None:
    pages.visit("1")
    person = Person(pages)
    person.arrive()
    person.send({"choice": ["2106-3"]})
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
    person.get("/question/race-ethnicity")
    assert [attributes(node)["value"] for node in person.document.query("input[checked]")] == [
        "2106-3"
    ]
