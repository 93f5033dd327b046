"""The page of one submission: its state, its times, and the staff's actions."""

from collections.abc import Callable, Iterator
from datetime import datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.staff import access
from intake.staff.issue_words import EVENT_LABELS, describe_exchange
from intake.store import attempt_log, audit
from intake.store.database import Tx
from intake.store.health_words import explain_obstacle, read_site_health
from intake.store.outbox import discard, retry, undo_requests, worklist
from intake.store.outbox.held_reasons import ACTION_ROLES, StaffAction, find_remedy
from intake.store.outbox.hold import hold_by_staff
from intake.store.outbox.records import OPEN, Status, SubmissionRecord, find_record

RETRIABLE = (Status.HELD, Status.WAITING)


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/submissions/<identity>", "submission", show_submission)
    blueprint.add_url_rule(
        "/submissions/<identity>/retry", "retry", retry_submission, methods=["POST"]
    )
    blueprint.add_url_rule(
        "/submissions/<identity>/hold", "hold", hold_submission, methods=["POST"]
    )
    blueprint.add_url_rule(
        "/submissions/<identity>/by-hand", "by_hand", type_by_hand, methods=["POST"]
    )
    blueprint.add_url_rule(
        "/submissions/<identity>/discard",
        "discard",
        discard_submission,
        methods=["GET", "POST"],
    )


def show_submission(identity: str) -> str:
    """Show the submission."""
    record = read_submission(identity)
    with current_site().database.read() as tx:
        actions, now = audit.entries_about(tx, record.id), tx.now
        site_health = read_site_health(tx, current_site().settings)
        attempts = attempt_log.read_attempts(tx, record.id)
    # A clinic may have left the configuration since the patient answered.
    clinic = current_site().settings.clinics.get(record.clinic)
    return render_template(
        "staff/submission.html",
        record=record,
        obstacle=explain_obstacle(site_health, record.server),
        clinic=clinic,
        times=tuple(_list_times(record)),
        actions=actions,
        attempts=attempts,
        describe_exchange=describe_exchange,
        event_labels=EVENT_LABELS,
        can_retry=record.status in RETRIABLE and not record.sending,
        can_undo=undo_requests.can_undo(record, current_site().settings.times.undo, now),
        can_hold=record.status in OPEN and not record.sending,
        actions_of_remedy=_list_actions(record),
        now=now,
    )


def retry_submission(identity: str) -> ResponseReturnValue:
    """Have the worker send the submission again now."""
    messages = (
        "The worker tries it again now. Refresh the page in a moment.",
        "The submission is no longer held or waiting.",
    )
    return apply_action(retry.retry_submission, identity, "submission-retried", *messages)


def discard_submission(identity: str) -> ResponseReturnValue:
    """Ask for confirmation, then discard the submission and erase its answers."""
    record = read_submission(identity)
    if request.method != "POST":
        # An old tab may still offer the action after another user was faster.
        if record.status is not Status.HELD or record.undoing:
            return redirect(url_for(".submission", identity=identity), 303)
        return render_template("staff/discard.html", record=record)
    messages = (
        "The submission is discarded, and its answers are erased.",
        "Only a held submission can be discarded.",
    )
    return apply_action(discard.discard_submission, identity, "submission-discarded", *messages)


def hold_submission(identity: str) -> ResponseReturnValue:
    """Hold an open submission, until IT releases it."""
    messages = (
        "The submission is held. A retry releases it.",
        "The worker is sending it, or it is no longer open.",
    )
    return apply_action(hold_by_staff, identity, "submission-held", *messages)


def type_by_hand(identity: str) -> ResponseReturnValue:
    """Have the worker put the held submission on the worklist."""
    messages = (
        "The worker puts it on the worklist. Refresh the worklist in a moment.",
        "Only a held submission with its answers can be put on the worklist.",
    )
    return apply_action(worklist.request_worksheet, identity, "worklist-requested", *messages)


def apply_action(
    act: Callable[[Tx, str], bool], identity: str, name: str, success: str, failure: str
) -> ResponseReturnValue:
    """Apply a staff action, audit it, and show the submission with a message."""
    # The action and its audit entry are one transaction: neither can be without the other.
    with current_site().database.write() as tx:
        is_applied = act(tx, identity)
        if is_applied:
            audit.record_action(tx, access.current_user().name, name, identity)
    flash(success if is_applied else failure)
    return redirect(url_for(".submission", identity=identity), 303)


def read_submission(identity: str) -> SubmissionRecord:
    """Return the submission with this id, or answer 404."""
    with current_site().database.read() as tx:
        record = find_record(tx, identity)
    if record is None:
        abort(404)
    return record


def _list_actions(record: SubmissionRecord) -> tuple[tuple[StaffAction, str], ...]:
    """Return the actions that end the hold, each with its role; nothing if it is not held."""
    if record.status is not Status.HELD:
        return ()
    remedy = find_remedy(record.reason, undoing=record.undoing)
    return tuple((action, ACTION_ROLES[action]) for action in remedy.actions)


def _list_times(record: SubmissionRecord) -> Iterator[tuple[str, datetime]]:
    """Yield past and coming times with their labels, in order."""
    steps = (
        ("Stored here", record.queued_at),
        ("Accepted by the server", record.accepted_at),
        ("Held", record.held_at),
        ("Reported as entered", record.typed_at),
    )
    yield from ((label, moment) for label, moment in steps if moment is not None)
    if record.status in OPEN and not record.sending:
        yield "Next attempt", record.due_at
    yield from _list_later_times(record)


def _list_later_times(record: SubmissionRecord) -> Iterator[tuple[str, datetime]]:
    times = current_site().settings.times
    if record.verified_at is not None:
        yield "Verified by read-back", record.verified_at
    # After an undo neither applies.
    if record.verified_at is not None and record.reversed_at is None:
        yield "Answers erased here", record.verified_at + times.payload
        yield "Undo possible until", record.verified_at + times.undo
    steps = (("Undo requested", record.undo_at), ("Undone", record.reversed_at))
    yield from ((label, moment) for label, moment in steps if moment is not None)
