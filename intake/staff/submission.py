"""One submission by its id: its times, why it stands where it stands, and what a person can do about it."""

from collections.abc import Callable, Iterator
from datetime import datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.staff import access
from intake.store import audit
from intake.store.database import Tx
from intake.store.outbox import submissions, undo_requests
from intake.store.outbox.conflict_decisions import CONFLICT_REASON
from intake.store.outbox.submissions import OPEN, Status, SubmissionRecord

RETRIABLE = (Status.HELD, Status.WAITING)


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/submissions/<identity>", "submission", show)
    blueprint.add_url_rule("/submissions/<identity>/retry", "retry", retry, methods=["POST"])
    blueprint.add_url_rule(
        "/submissions/<identity>/discard", "discard", discard, methods=["GET", "POST"]
    )


def show(identity: str) -> str:
    """Show it."""
    row = read_submission(identity)
    with current_site().database.read() as tx:
        done, now = audit.entries_about(tx, row.id), tx.now
    clinic = current_site().settings.clinics.get(row.clinic)
    return render_template(
        "staff/submission.html",
        row=row,
        clinic=clinic,
        times=tuple(_times(row)),
        done=done,
        retriable=row.status in RETRIABLE and not row.sending,
        discardable=row.status is Status.HELD and not row.undoing,
        undoable=undo_requests.can_undo(row, current_site().settings.times.undo, now),
        stoppable=row.status is Status.HELD and row.undoing,
        contested=row.status is Status.HELD and row.reason == CONFLICT_REASON,
        now=now,
    )


def retry(identity: str) -> ResponseReturnValue:
    """Send it again now."""
    words = (
        "The worker tries it again now. Look again in a moment.",
        "It is not held and not waiting any more.",
    )
    return apply_action(submissions.retry_submission, identity, "submission-retried", *words)


def discard(identity: str) -> ResponseReturnValue:
    """Ask, then give it up."""
    row = read_submission(identity)
    if request.method != "POST":
        if row.status is not Status.HELD or row.undoing:
            return redirect(url_for(".submission", identity=identity), 303)
        return render_template("staff/discard.html", row=row)
    words = (
        "It is discarded, and its answers are erased.",
        "Only a held submission can be discarded.",
    )
    return apply_action(submissions.discard_submission, identity, "submission-discarded", *words)


def apply_action(
    act: Callable[[Tx, str], bool], identity: str, name: str, done: str, not_done: str
) -> ResponseReturnValue:
    """Do it, note in the audit who did, say whether it was done, and show the submission."""
    with current_site().database.write() as tx:
        has_done = act(tx, identity)
        if has_done:
            audit.record_action(tx, access.current_user().name, name, identity)
    flash(done if has_done else not_done)
    return redirect(url_for(".submission", identity=identity), 303)


def read_submission(identity: str) -> SubmissionRecord:
    """Return the row of an address, or answer that it is not there."""
    with current_site().database.read() as tx:
        row = submissions.find_record(tx, identity)
    if row is None:
        abort(404)
    return row


def _times(row: SubmissionRecord) -> Iterator[tuple[str, datetime]]:
    """Yield what happened when, and what will, in order."""
    steps = (
        ("Stored here", row.queued_at),
        ("Accepted by the server", row.accepted_at),
        ("Held", row.held_at),
        ("Typed, somebody says", row.typed_at),
    )
    yield from ((name, moment) for name, moment in steps if moment is not None)
    if row.status in OPEN and not row.sending:
        yield "Tried next", row.due_at
    yield from _later(row)


def _later(row: SubmissionRecord) -> Iterator[tuple[str, datetime]]:
    times = current_site().settings.times
    if row.verified_at is not None:
        yield "Verified by reading back", row.verified_at
    if row.verified_at is not None and row.reversed_at is None:
        yield "The answers are erased here", row.verified_at + times.payload
        yield "The chart's earlier values are kept until", row.verified_at + times.undo
    steps = (("Undo asked for", row.undo_at), ("Undone", row.reversed_at))
    yield from ((name, moment) for name, moment in steps if moment is not None)
