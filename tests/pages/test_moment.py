"""A full disk or a locked database: the page keeps what was typed and sends it again."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.exc import OperationalError

from intake.pages.moments import MAX_TRIES
from intake.store.database import Database
from tests.support.journeys import read_only_submission, skip_to_check
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes

HEADING = "One moment, please"


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every transaction that writes fail as SQLite does on a full disk."""

    def fail(_database: Database) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", fail)
        yield


@pytest.fixture
def person(pages: TestSite) -> PatientSession:
    pages.expect_visit("1")
    session = PatientSession(pages)
    session.reach_first_question()
    return session


def test_a_full_disk_keeps_the_typed_words(
    person: PatientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full_disk(monkeypatch):
        person.send_form({"choice": ["2028-9", "2106-3"], "own-words": "Hmoob <Daw>"})
    assert (person.page.status_code, person.heading) == (503, HEADING)
    assert person.page.headers["Retry-After"] == "3"
    form = person.find_form("/question/race-ethnicity")
    values = person.form_values(form)
    assert (values["choice"], values["own-words"]) == (["2028-9", "2106-3"], ["Hmoob <Daw>"])
    assert node_attributes(form)["data-again"] == "3"
    person.send_form(form="/question/race-ethnicity")
    skip_to_check(person)
    person.send_form()
    answer = read_only_submission(person.site).answers["race-ethnicity"]
    assert (answer.choices, dict(answer.write_ins)) == (
        ("2028-9", "2106-3"),
        {"own-words": "Hmoob <Daw>"},
    )


def test_a_submit_that_waited_is_stored_once(
    person: PatientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_to_check(person)
    with full_disk(monkeypatch):
        person.send_form()
        assert person.heading == HEADING
        person.send_form(form="/send")
        assert person.heading == HEADING
    person.send_form(form="/send")
    assert person.path == "/done"
    read_only_submission(person.site)


def test_stops_by_itself_when_the_patient_may_have_gone(
    person: PatientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full_disk(monkeypatch):
        person.send_form({"own-words": "Hmoob"})
        for _ in range(MAX_TRIES):
            assert "data-again" in person.page.text
            person.send_form(form="/question/race-ethnicity")
        assert "data-again" not in person.page.text
    assert "data-idle" in person.page.text


def test_a_page_that_could_not_be_read_opens_again(
    person: PatientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_database: Database) -> None:
        raise OperationalError("SELECT", {}, Exception("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(Database, "read", fail)
        person.open_page("/question/race-ethnicity")
    assert (person.page.status_code, person.heading) == (503, HEADING)
    [refresh] = person.document.query("meta[http-equiv]")
    assert node_attributes(refresh)["content"] == "3; url=/question/race-ethnicity"


def test_staff_forms_are_not_kept_on_the_page(
    pages: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = pages.open_client()
    client.get("/staff/sign-in")
    with full_disk(monkeypatch):
        answer = client.post("/staff/sign-in", data={"name": "kim", "password": "secret words"})
    assert "secret words" not in answer.text
