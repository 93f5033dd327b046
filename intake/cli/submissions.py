"""`intake submissions`: the monitor and its actions on the command line.

Only `worklist` prints answers.
"""

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

from intake.cli.argument_types import parse_count
from intake.cli.output import print_json, print_message, print_note
from intake.cli.site import AUDIT_ACTOR, open_current_database
from intake.cli.submission_actions import ACTIONS, add_actions, change_submissions
from intake.cli.worklist import run_worklist
from intake.clock import format_duration
from intake.settings import load_site_settings
from intake.store import audit
from intake.store.database import Tx
from intake.store.health_words import (
    SiteHealth,
    explain_obstacle,
    read_site_health,
    summarize_site,
)
from intake.store.outbox import undo_requests
from intake.store.outbox.counts import count_by_status, last_verified, oldest_waiting
from intake.store.outbox.records import OPEN, Status, SubmissionRecord, find_record, list_records
from intake.store.outbox.undo_requests import UndoRequestResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--state", choices=[status.value for status in Status], help="only this state"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--limit", type=parse_count, default=200, help="at most so many, the newest first (200)"
    )
    actions = parser.add_subparsers(
        dest="action", metavar="retry|hold|discard|by-hand|worklist|typed|undo"
    )
    sheet = actions.add_parser(
        "worklist", help="print as CSV what staff must type into charts; contains answers"
    )
    sheet.add_argument(
        "--csv",
        type=Path,
        metavar="FILE",
        help="write to this new file, which only you can read; default: standard output",
    )
    sheet.add_argument("--clinic", metavar="ID", help="only this clinic's")
    typed = actions.add_parser(
        "typed", help="report submissions as typed into the charts; the worker reads them back"
    )
    typed.add_argument("ids", nargs="+", metavar="ID")
    add_actions(actions)
    undo = actions.add_parser(
        "undo", help="have the worker restore the chart's values from before the submission"
    )
    undo.add_argument("id", metavar="ID", help="the submission's complete id")


def run(args: argparse.Namespace) -> int:
    """Run the chosen action, else list; 1 if submissions are held or an action is refused."""
    if args.action is None:
        return _list_submissions(args)
    if args.action == "undo":
        return _request_undo(args.id)
    if args.action in ACTIONS:
        return change_submissions(args)
    return run_worklist(args)


def _request_undo(submission_id: str) -> int:
    with open_current_database(load_site_settings()) as database, database.write() as tx:
        if find_record(tx, submission_id) is None:
            print_message(
                f"There is no submission '{submission_id}'; `intake submissions` lists them."
            )
            return 1
        # The result is decided in the transaction that starts the undo: a worker may be changing
        # the submission at this moment.
        result = undo_requests.request_undo(tx, submission_id)
        # A repeated request changes nothing, so it leaves no audit entry.
        if result is UndoRequestResult.STARTED:
            audit.record_action(tx, AUDIT_ACTOR, "undo-asked", submission_id)
    print_message(result.value)
    return 0 if result in (UndoRequestResult.STARTED, UndoRequestResult.ALREADY) else 1


def _list_submissions(args: argparse.Namespace) -> int:
    settings = load_site_settings()
    with open_current_database(settings) as database, database.read() as tx:
        status = Status(args.state) if args.state else None
        records = list_records(tx, status=status, limit=args.limit)
        held_count = count_by_status(tx)[Status.HELD]
        if args.json:
            print_json([_to_json(record, tx.now) for record in records])
        else:
            site = read_site_health(tx, settings)
            _print_summary(tx, site)
            for record in records:
                print(_format_record(record, site))
    # The exit code counts every held submission, also those that --state or --limit hides:
    # a monitoring job needs no other question.
    return 1 if held_count else 0


def _to_json(record: SubmissionRecord, now: datetime) -> dict[str, Any]:
    return {
        "id": record.id,
        "clinic": record.clinic,
        "server": record.server,
        "state": record.status.value,
        "sending": record.sending,
        "undoing": record.undoing,
        "age_seconds": int((now - record.queued_at).total_seconds()),
        "attempts": record.attempts,
        "reason": record.reason,
        "words": record.words,
        "queued_at": record.queued_at.isoformat(),
        "verified_at": None if record.verified_at is None else record.verified_at.isoformat(),
        "chart_since": record.drift,
        "chart_says_more": record.says_more,
    }


def _print_summary(tx: Tx, site: SiteHealth) -> None:
    """Print the state of delivery and of each server, on standard error."""
    oldest, verified = oldest_waiting(tx), last_verified(tx)
    print_note(summarize_site(site))
    print_note(
        f"oldest waiting: {_format_age(oldest, tx.now)}; "
        f"last verified: {_format_age(verified, tx.now)}"
    )
    for state in (server.state for server in site.servers):
        if state.paused_since is not None:
            since = _format_age(state.paused_since, tx.now)
            print_message(f"{state.id} was paused {since}: {state.words}")
        elif remaining := state.remaining_pause(tx.now):
            print_message(
                f"{state.id} asked for time: the worker continues in "
                f"{format_duration(remaining)}; `Try again now` on the monitor ends the wait"
            )


def _format_record(record: SubmissionRecord, site: SiteHealth) -> str:
    state = "sending" if record.sending else record.status.value
    if record.undoing:
        state = f"undo:{state}"
    age = format_duration(site.now - record.queued_at)
    columns = f"{record.id}  {state:<10} {age:>6}  {record.attempts:>3}  {record.clinic:<16}"
    words = record.words or ""
    if record.status in OPEN and not record.sending:
        words = explain_obstacle(site, record.server) or words
    return f"{columns} {words}".rstrip()


def _format_age(moment: datetime | None, now: datetime) -> str:
    return "none" if moment is None else f"{format_duration(now - moment)} ago"
