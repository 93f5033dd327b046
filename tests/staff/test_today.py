"""The desk sees today's patients with gaps and progress, codes and links, but no answers."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import segno

from intake.store import audit, visits
from intake.store.outbox.enqueue import store_submission
from intake.store.visits import Visit
from tests.support.outbox_steps import make_submission
from tests.support.patients import PatientSession
from tests.support.site_submissions import list_column, record_schedule_fetch
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.strict_pages import node_attributes


@pytest.fixture
def desk(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "desk")


def test_the_list_covers_the_clinics_own_day(pages: TestSite, desk: StaffSession) -> None:
    for key, starts_at in {
        "late": datetime(2026, 11, 25, 4, 30, tzinfo=UTC),
        "early": datetime(2026, 11, 24, 5, 0, tzinfo=UTC),
        "yesterday": datetime(2026, 11, 24, 4, 59, tzinfo=UTC),
        "tomorrow": datetime(2026, 11, 25, 5, 0, tzinfo=UTC),
    }.items():
        pages.expect_visit(key, starts_at=starts_at, name=key)
    record_schedule_fetch(pages)
    desk.open_page("/staff/today")
    assert list_column(desk, 0) == ["12:00 AM", "11:30 PM"]
    assert [cell.split(" born")[0] for cell in list_column(desk, 1)] == ["early", "late"]


def test_a_patient_is_listed_with_time_name_gaps_and_progress(
    pages: TestSite, desk: StaffSession
) -> None:
    pages.expect_visit("7", gaps=frozenset({"interpreter", "race"}))
    record_schedule_fetch(pages)
    desk.open_page("/staff/today")
    assert desk.table_rows()[0][:4] == [
        "10:15 AM",
        "Ana Lopez born May 17, 1980 · record MRN-7",
        "Race, interpreter",
        "Not started",
    ]
    assert desk.fact_list() == {"Expected": "1", "With gaps": "1", "In the record today": "0"}


def test_an_unreadable_chart_shows_its_error_instead_of_gaps(
    pages: TestSite, desk: StaffSession
) -> None:
    pages.expect_visit(
        "7",
        name="",
        birth_date=None,
        record_number=None,
        gaps=frozenset(),
        fault="Nobody may read it.",
    )
    record_schedule_fetch(pages)
    desk.open_page("/staff/today")
    assert desk.table_rows()[0][1:3] == [
        "Name not known date of birth not known: use a code",
        "Nobody may read it.",
    ]


def test_a_patient_within_the_reask_interval_is_no_gap(pages: TestSite, desk: StaffSession) -> None:
    for key in ("1", "2"):
        pages.expect_visit(key, starts_at=pages.clock() + timedelta(minutes=int(key)))
    record_schedule_fetch(pages)
    with pages.database.write() as tx:
        store_submission(
            tx, make_submission("Patient/1"), "main", again=tx.now + timedelta(days=300)
        )
        store_submission(tx, make_submission("Patient/2"), "main", again=tx.now - timedelta(days=1))
    desk.open_page("/staff/today")
    assert list_column(desk, 3) == [
        "Answered before ask again from Sep 20, 2027, or at the patient's wish",
        "Not started",
    ]
    assert desk.fact_list()["With gaps"] == "1"


def test_the_audit_records_a_view_of_the_names(pages: TestSite, desk: StaffSession) -> None:
    desk.open_page("/staff/today?clinic=hillside")
    with pages.database.read() as tx:
        newest = audit.recent_entries(tx, 1)[0]
    assert (newest.who, newest.action, newest.subject) == ("ana", "today-seen", "hillside")


def test_the_clinic_is_chosen_and_remembered(pages: TestSite, desk: StaffSession) -> None:
    assert desk.heading == "Today at Riverside Family Clinic"
    desk.open_page("/staff/today?clinic=hillside")
    assert desk.heading == "Today at Hillside Health"
    assert "Tuesday, November 24, 7:00 AM" in desk.page.text
    desk.open_page("/staff/today")
    assert desk.heading == "Today at Hillside Health"
    assert desk.open_page("/staff/today?clinic=elsewhere").status_code == 200


def test_the_age_of_the_schedule_is_shown(pages: TestSite, desk: StaffSession) -> None:
    assert "was never fetched" in desk.open_page("/staff/today").text
    record_schedule_fetch(pages)
    assert "No patients are expected at this clinic today." in desk.open_page("/staff/today").text
    pages.clock.advance(minutes=15)
    assert "was fetched 15 min ago" in desk.open_page("/staff/today").text
    pages.clock.advance(minutes=1)
    text = desk.open_page("/staff/today").text
    assert "was last fetched 16 min ago" in text
    assert "Nov 24, 10:00 AM EST" in text


def test_only_the_visits_around_now_are_marked(pages: TestSite, desk: StaffSession) -> None:
    for key, hours in {
        "before": -2.1,
        "just-before": -1.9,
        "just-after": 1.9,
        "after": 2.1,
    }.items():
        pages.expect_visit(key, starts_at=pages.clock() + timedelta(hours=hours), name=key)
    desk.open_page("/staff/today")
    near = [node.query("bdi")[0].to_text() for node in desk.document.query("tr.near")]
    assert near == ["just-before", "just-after"]
    [jump] = [
        str(node_attributes(node)["href"])
        for node in desk.document.query("main a")
        if "Jump" in node.to_text()
    ]
    assert desk.document.query(jump)[0].query("bdi")[0].to_text() == "just-before"


def test_a_code_is_shown_with_its_end_and_opens_the_visit(
    pages: TestSite, desk: StaffSession
) -> None:
    visit = pages.expect_visit("1")
    pages.expect_visit("2", name="Bo Twin")
    desk.open_page("/staff/today")
    desk.send_form(form=f"{visit.id}/code")
    assert desk.path == "/staff/invitation"
    assert desk.heading == "Code for Ana Lopez"
    [code] = [str(node.to_text()) for node in desk.document.query(".secret span[aria-hidden]")]
    assert re.fullmatch(r"\d{3} \d{3}", code)
    assert "10:15 AM" in desk.page.text
    assert desk.open_page("/staff/invitation").text.count(code) == 1
    patient = PatientSession(pages)
    patient.pair_tablet()
    patient.choose_language("en")
    patient.send_form({"code": code}, form="by-code")
    patient.send_form()
    assert patient.path == "/who"
    with pages.database.read() as tx:
        assert [(cell.who, cell.action) for cell in audit.entries_about(tx, visit.id)] == [
            ("ana", "code-made")
        ]


def test_an_expired_code_is_no_longer_shown(pages: TestSite, desk: StaffSession) -> None:
    visit = pages.expect_visit("1")
    desk.open_page("/staff/today")
    desk.send_form(form=f"{visit.id}/code")
    pages.clock.advance(minutes=15)
    desk.open_page("/staff/invitation")
    assert desk.messages == ["The code or link can no longer be shown. Create a new one."]


def create_link(desk: StaffSession, visit: Visit) -> str:
    desk.open_page("/staff/today")
    desk.send_form(form=f"{visit.id}/link")
    return str(desk.document.query(".address")[0].to_text())


def test_a_link_with_its_qr_code_opens_the_visit_on_the_phone(
    pages: TestSite, desk: StaffSession
) -> None:
    address = create_link(desk, pages.expect_visit("1"))
    assert address.startswith("http://localhost/l/")
    assert "Nov 25, 12:00 AM EST" in desk.page.text
    [image] = [str(node_attributes(node)["src"]) for node in desk.document.query("main img")]
    drawn = desk.client.get(image)
    assert (drawn.status_code, drawn.mimetype, drawn.headers["Cache-Control"]) == (
        200,
        "image/svg+xml",
        "no-store",
    )
    assert drawn.text.startswith("<svg")
    assert "style=" not in drawn.text
    phone = PatientSession(pages)
    phone.open_page(address.removeprefix("http://localhost"))
    phone.send_form({"language": "en"}, form="/language")
    phone.give_birth_date(17, 5, 1980)
    assert phone.path == "/why"


def test_the_qr_code_holds_the_address(
    pages: TestSite, desk: StaffSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents, make = [], segno.make_qr

    def listening(content: str, **more: Any) -> object:
        contents.append(content)
        return make(content, **more)

    monkeypatch.setattr(segno, "make_qr", listening)
    address = create_link(desk, pages.expect_visit("1"))
    desk.client.get("/staff/invitation.svg")
    assert contents == [address]


def test_no_secret_is_in_an_address_a_cookie_or_a_log(
    pages: TestSite, desk: StaffSession, caplog: pytest.LogCaptureFixture
) -> None:
    from itsdangerous import base64_decode

    caplog.set_level("DEBUG")
    token = create_link(desk, pages.expect_visit("1")).rpartition("/")[2]
    cookie = desk.client.get_cookie("staff", path="/staff")
    assert cookie is not None
    plain = base64_decode(cookie.value.split(".")[0])
    assert token.encode() not in plain
    assert token not in caplog.text
    assert all(
        token not in redirect.request.full_path for redirect in (*desk.page.history, desk.page)
    )
    raw = (pages.settings.data_dir / "intake.sqlite3").read_bytes()
    assert token.encode() not in raw


def test_a_user_sees_only_their_own_invitations(pages: TestSite, desk: StaffSession) -> None:
    create_link(desk, pages.expect_visit("1"))
    bo = sign_in_staff(pages, "desk", name="bo")
    bo.open_page("/staff/invitation")
    assert bo.path == "/staff/today"
    assert bo.client.get("/staff/invitation.svg").status_code == 404


def test_a_patient_without_a_full_birth_date_gets_no_link(
    pages: TestSite, desk: StaffSession
) -> None:
    pages.expect_visit("1", birth_date=None)
    desk.open_page("/staff/today")
    assert [node.to_text().split()[0] for node in desk.document.query("table button")] == ["Get"]
    assert "date of birth incomplete" in desk.page.text


def test_a_removed_visit_is_not_found(pages: TestSite, desk: StaffSession) -> None:
    visit = pages.expect_visit("1")
    desk.open_page("/staff/today")
    with pages.database.write() as tx:
        visits.erase_visits(tx, datetime(2027, 1, 1, tzinfo=UTC))
    desk.send_form(form=f"{visit.id}/code")
    assert desk.page.status_code == 404
    assert desk.heading == "Page not found"


def test_a_name_is_escaped(pages: TestSite, desk: StaffSession) -> None:
    pages.expect_visit("1", name='<b>Bo</b> & "Co"', birth_date=date(1980, 1, 1))
    assert "&lt;b&gt;Bo&lt;/b&gt;" in desk.open_page("/staff/today").text


def test_the_desk_never_sees_an_answer(pages: TestSite, desk: StaffSession) -> None:
    visit = pages.expect_visit("1")
    with pages.database.write() as tx:
        store_submission(tx, make_submission(), "main", visit.id)
    text = desk.open_page("/staff/today").text
    assert not any(word in text for word in ("2028-9", "Asian", "declined"))


def test_a_link_over_https_has_an_https_address(secure_pages: TestSite) -> None:
    secure = "https://intake.clinic.example"
    person = sign_in_staff(secure_pages, "desk", base_url=secure)
    visit = secure_pages.expect_visit("1")
    person.open_page("/staff/today")
    person.send_form(form=f"{visit.id}/link")
    assert str(person.document.query(".address")[0].to_text()).startswith(f"{secure}/l/")
