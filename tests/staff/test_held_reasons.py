"""Every reason for a hold names an action that exists, for a role that may do it."""

from uuid import uuid4

import pytest

from fhir_client.model import Conflict
from intake.staff import access, labels
from intake.store.outbox import delivery_steps, hold, undo_leases, undo_requests
from intake.store.outbox.conflict_decisions import encode_conflicts
from intake.store.outbox.held_reasons import (
    ACTION_ROLES,
    REMEDIES,
    UNDO_REMEDIES,
    HeldReason,
    StaffAction,
)
from intake.store.outbox.records import SubmissionRecord, find_record
from tests.support.site_submissions import (
    LEASE,
    accept_submission,
    lease_submission,
    queue_submission,
)
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.strict_pages import node_attributes

PAGES = {StaffAction.CORRECT_CRITERIA: "/staff/today", StaffAction.CONFIRM_ENTRY: "/staff/worklist"}
"""The actions whose button is on another page than the submission's."""
OF_SUBMISSION = [(reason, action) for reason in REMEDIES for action in REMEDIES[reason].actions]
OF_UNDO = [(reason, action) for reason in UNDO_REMEDIES for action in UNDO_REMEDIES[reason].actions]
BUTTONS = {
    StaffAction.RETRY: "/retry",
    StaffAction.TYPE_BY_HAND: "/by-hand",
    StaffAction.STOP_UNDO: "/undo/stop",
}
CONFLICTS = encode_conflicts((Conflict("race", ("White",), ("Asian",), "key"),))


def hold_for(site: TestSite, reason: HeldReason) -> str:
    """Hold a submission for that reason, and return its id."""
    leased = lease_submission(site, f"Patient/{uuid4()}")
    with site.database.write() as tx:
        hold.hold_submission(tx, leased, reason=reason, words="Why.", detail=CONFLICTS)
    return leased.record.id


def hold_undo_for(site: TestSite, reason: HeldReason) -> str:
    """Hold the undo of a submission for that reason, and return the submission's id."""
    leased = lease_submission(site, f"Patient/{uuid4()}")
    accept_submission(site, leased)
    with site.database.write() as tx:
        assert delivery_steps.mark_verified(tx, leased)
        undo_requests.request_undo(tx, leased.record.id)
        undos = undo_leases.acquire_undo_leases(tx, "main", limit=50, lease=LEASE)
        undo = next(undo for undo in undos if undo.record.id == leased.record.id)
        hold.hold_submission(tx, undo, reason=reason, words="Why.", detail=CONFLICTS)
    return leased.record.id


def read_record(site: TestSite, identity: str) -> SubmissionRecord:
    with site.database.read() as tx:
        record = find_record(tx, identity)
    assert record is not None
    return record


def test_every_reason_has_a_remedy_with_words_and_actions() -> None:
    assert set(REMEDIES) | set(UNDO_REMEDIES) == set(HeldReason)
    for remedy in (*REMEDIES.values(), *UNDO_REMEDIES.values()):
        assert remedy.cause
        assert remedy.words.endswith(".")
        assert remedy.actions
    for action in StaffAction:
        assert ACTION_ROLES[action] in access.PAGE_ROLES[action.value]
        assert labels.ACTION_LABELS[action]
        assert labels.ACTION_MEANINGS[action].endswith(".")


def test_every_hold_of_answers_can_be_typed_by_hand_if_they_can_be_read() -> None:
    cannot = {HeldReason.WORKLIST, HeldReason.UNREADABLE}
    assert {
        reason for reason in REMEDIES if StaffAction.TYPE_BY_HAND not in REMEDIES[reason].actions
    } == cannot


def test_each_action_of_a_held_submission_works_for_its_role(pages: TestSite) -> None:
    staff = {role: sign_in_staff(pages, role, name=role) for role in set(ACTION_ROLES.values())}
    for reason, action in OF_SUBMISSION:
        check_action(pages, staff[ACTION_ROLES[action]], hold_for(pages, reason), action)


def test_each_action_of_a_held_undo_works_for_its_role(pages: TestSite) -> None:
    staff = {role: sign_in_staff(pages, role, name=role) for role in set(ACTION_ROLES.values())}
    for reason, action in OF_UNDO:
        check_action(pages, staff[ACTION_ROLES[action]], hold_undo_for(pages, reason), action)


def check_action(site: TestSite, person: StaffSession, identity: str, action: StaffAction) -> None:
    """Find the action on the submission's page, and do it."""
    if action in PAGES:
        assert person.open_page(PAGES[action]).status_code == 200
        return
    person.open_page(f"/staff/submissions/{identity}")
    assert labels.ROLE_NAMES[ACTION_ROLES[action]] in person.page.text
    if action in BUTTONS:
        person.send_form(form=BUTTONS[action])
        assert read_record(site, identity).status.value != "held"
        return
    link = next(
        str(node_attributes(node)["href"])
        for node in person.document.query("main a.button")
        if node.to_text().strip() == labels.ACTION_LABELS[action]
    )
    assert person.open_page(link).status_code == 200
    assert person.path == link


def test_the_page_offers_a_person_only_the_actions_of_the_role(pages: TestSite) -> None:
    identity = hold_for(pages, HeldReason.PATIENT)
    person = sign_in_staff(pages, "admin")
    person.open_page(f"/staff/submissions/{identity}")
    buttons = [node.to_text().strip() for node in person.document.query("main button")]
    assert buttons == ["Put on the worklist"]
    assert "Reviewer: searches the EHR" in " ".join(person.page.text.split())


def test_it_holds_an_open_submission_and_releases_it(pages: TestSite) -> None:
    identity = queue_submission(pages)
    it = sign_in_staff(pages, "it")
    it.open_page(f"/staff/submissions/{identity}")
    it.send_form(form="/hold")
    record = read_record(pages, identity)
    assert (record.status.value, record.reason) == ("held", "operator")
    assert "A member of staff holds it." in it.page.text
    it.send_form(form="/retry")
    assert read_record(pages, identity).status.value == "queued"


def test_a_submission_that_is_being_sent_is_not_held(pages: TestSite, it: StaffSession) -> None:
    leased = lease_submission(pages)
    with pages.database.write() as tx:
        assert not hold.hold_by_staff(tx, leased.record.id)


@pytest.fixture
def it(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "it")


def test_a_double_click_puts_a_submission_on_the_worklist_once(pages: TestSite) -> None:
    identity = hold_for(pages, HeldReason.REFUSED)
    person = sign_in_staff(pages, "admin")
    person.open_page(f"/staff/submissions/{identity}")
    person.send_form(form="/by-hand")
    person.open_page(f"/staff/submissions/{identity}")
    assert not person.document.query("main form")
