"""`intake submissions`: what became of every submission, the monitor's truth on the command line, and undo; no answers."""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from intake.cli.argument_types import parse_count
from intake.clock import format_duration
from intake.settings import Settings
from intake.store.database import Tx
from intake.store.outbox.submissions import Status, SubmissionRecord


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--state", choices=[status.value for status in Status], help="only these")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--limit", type=parse_count, default=200, help="the newest so many (200)")
    does = parser.add_subparsers(dest="does", metavar="worklist|typed|undo")
    sheet = does.add_parser(
        "worklist", help="what a person has to type into charts, as CSV; it tells answers"
    )
    sheet.add_argument(
        "--csv",
        type=Path,
        metavar="FILE",
        help="write here, readable by you alone; default: standard output",
    )
    sheet.add_argument("--clinic", metavar="ID", help="only this clinic's")
    typed = does.add_parser(
        "typed", help="say that held ones are in the charts, typed by hand: they are read back"
    )
    typed.add_argument("ids", nargs="+", metavar="ID")
    undo = does.add_parser("undo", help="have the worker write the chart's earlier values back")
    undo.add_argument("id", metavar="ID", help="the submission's id, whole")


def run(args: argparse.Namespace) -> int:
    """Print them, or what was asked for; exit code 1 where any is held, or undo cannot be."""
    if args.does is None:
        return _listed(args)
    if args.does == "undo":
        return _undo(args.id)
    from intake.cli import worklist

    return worklist.run_worklist(args)


def _undo(identity: str) -> int:
    from intake.cli.site import open_current_database, print_message
    from intake.cli.users import AUDIT_ACTOR
    from intake.settings import load_settings
    from intake.store import audit
    from intake.store.outbox import submissions, undo_requests
    from intake.store.outbox.undo_requests import UndoRequestResult

    with open_current_database(load_settings()) as database, database.write() as tx:
        if submissions.find_record(tx, identity) is None:
            print_message(f"There is no submission '{identity}'; `intake submissions` lists them.")
            return 1
        asked = undo_requests.request_undo(tx, identity)
        if asked is UndoRequestResult.STARTED:
            audit.record_action(tx, AUDIT_ACTOR, "undo-asked", identity)
    print_message(asked.value)
    return 0 if asked in (UndoRequestResult.STARTED, UndoRequestResult.ALREADY) else 1


def _listed(args: argparse.Namespace) -> int:
    from intake.cli.site import open_current_database
    from intake.settings import load_settings
    from intake.store.outbox import submissions

    settings = load_settings()
    with open_current_database(settings) as database, database.read() as tx:
        status = Status(args.state) if args.state else None
        rows = submissions.list_records(tx, status=status, limit=args.limit)
        held = submissions.count_by_status(tx)[Status.HELD]
        if args.json:
            json.dump([_json(row, tx.now) for row in rows], sys.stdout, indent=1)
            print()
        else:
            _print(tx, settings, rows)
    return 1 if held else 0


def _json(row: SubmissionRecord, now: datetime) -> dict[str, Any]:
    return {
        "id": row.id,
        "clinic": row.clinic,
        "server": row.server,
        "state": row.status.value,
        "sending": row.sending,
        "undoing": row.undoing,
        "age_seconds": int((now - row.queued_at).total_seconds()),
        "attempts": row.attempts,
        "reason": row.reason,
        "words": row.words,
        "queued_at": row.queued_at.isoformat(),
        "verified_at": None if row.verified_at is None else row.verified_at.isoformat(),
        "chart_since": row.drift,
    }


def _print(tx: Tx, settings: Settings, rows: tuple[SubmissionRecord, ...]) -> None:
    from intake.store import servers
    from intake.store.outbox import submissions

    oldest, verified = submissions.oldest_waiting(tx), submissions.last_verified(tx)
    print(
        f"oldest waiting: {_ago(oldest, tx.now)}; last verified: {_ago(verified, tx.now)}",
        file=sys.stderr,
    )
    for server in settings.servers:
        state = servers.read_state(tx, server)
        if state.paused_since is not None:
            print(
                f"{server} is paused since {_ago(state.paused_since, tx.now)}: {state.words}",
                file=sys.stderr,
            )
        elif left := state.left_alone(tx.now):
            words = f"the worker goes on in {format_duration(left)}, or at once by `Try again now` on the monitor"
            print(f"{server} asked for time: {words}", file=sys.stderr)
    for row in rows:
        shown = ("undo:" if row.undoing else "") + ("sending" if row.sending else row.status.value)
        age, words = format_duration(tx.now - row.queued_at), row.words or ""
        print(
            f"{row.id}  {shown:<10} {age:>6}  {row.attempts:>3}  {row.clinic:<16} {words}".rstrip()
        )


def _ago(moment: datetime | None, now: datetime) -> str:
    return "none" if moment is None else f"{format_duration(now - moment)} ago"
