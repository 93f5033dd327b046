"""Drafts: one per visit, erased by Submit and after idle time."""

from dataclasses import replace
from datetime import timedelta

from intake.answers import Channel
from intake.store import drafts
from intake.store.database import Database
from intake.store.outbox.merge_base import MergeBase
from intake.store.outbox.records import list_records
from tests.support.outbox_steps import make_submission
from tests.support.store import BIRTH_DATE, TestClock, make_visit


def test_a_draft_is_found_by_its_token_and_erased_by_submit(
    database: Database, clock: TestClock
) -> None:
    with database.write() as tx:
        draft, token = drafts.start_draft(tx, make_visit(clock), channel=Channel.KIOSK, locale="es")
    with database.write() as tx:
        assert drafts.find_by_token(tx, token) == draft
        assert drafts.find_by_token(tx, "forged") is None
        assert drafts.submit_draft(tx, draft, make_submission())
    with database.read() as tx:
        assert drafts.find_by_token(tx, token) is None
        assert len(list_records(tx)) == 1


def test_a_visit_has_one_draft_and_it_keeps_pending_forms(
    database: Database, clock: TestClock
) -> None:
    typed = drafts.PendingForm({"own-words": ("Ñuu Savi",)}, ("too-long",))
    with database.write() as tx:
        _, older = drafts.start_draft(tx, make_visit(clock), channel=Channel.LINK, locale="es")
        draft, newer = drafts.start_draft(tx, make_visit(clock), channel=Channel.KIOSK, locale="es")
        drafts.save_state(
            tx, draft, replace(draft.state, pending={"question:race-ethnicity": typed})
        )
    with database.read() as tx:
        assert drafts.find_by_token(tx, older) is None
        draft_found = drafts.find_by_token(tx, newer)
        assert draft_found is not None
        assert draft_found.state.pending == {"question:race-ethnicity": typed}
        assert draft_found.state.visit_context == drafts.VisitContext(
            "main", "Patient/1", "Appointment/1", known=MergeBase(BIRTH_DATE, {"race": None})
        )


def test_idle_drafts_go_sooner_on_a_tablet(database: Database, clock: TestClock) -> None:
    with database.write() as tx:
        for channel in (Channel.KIOSK, Channel.LINK):
            drafts.start_draft(
                tx, make_visit(clock, f"Appointment/{channel}"), channel=channel, locale="es"
            )
    gone = []
    for minutes in (4, 2, 10):
        clock.advance(minutes=minutes)
        with database.write() as tx:
            gone.append(
                drafts.drop_idle_drafts(
                    tx, kiosk=timedelta(minutes=5), others=timedelta(minutes=15)
                )
            )
    assert gone == [0, 1, 1]
