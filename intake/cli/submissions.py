"""`intake submissions`: what became of every submission, the monitor's truth on the command line, and undo; no answers."""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from intake.cli.kinds import count
from intake.clock import span
from intake.settings import Settings
from intake.store.database import Tx
from intake.store.submissions import Row, Status


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--state", choices=[status.value for status in Status], help="only these")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--limit", type=count, default=200, help="the newest so many (200)")
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

    return worklist.run(args)


def _undo(identity: str) -> int:
    from intake.cli.opening import complain, opened
    from intake.cli.users import WHO
    from intake.settings import load
    from intake.store import audit, submissions, undoing
    from intake.store.undoing import Asked

    with opened(load()) as database, database.write() as tx:
        if submissions.get(tx, identity) is None:
            complain(f"There is no submission '{identity}'; `intake submissions` lists them.")
            return 1
        asked = undoing.ask(tx, identity)
        if asked is Asked.DONE:
            audit.record(tx, WHO, "undo-asked", identity)
    complain(asked.value)
    return 0 if asked in (Asked.DONE, Asked.ALREADY) else 1


def _listed(args: argparse.Namespace) -> int:
    from intake.cli.opening import opened
    from intake.settings import load
    from intake.store import submissions

    settings = load()
    with opened(settings) as database, database.read() as tx:
        status = Status(args.state) if args.state else None
        rows = submissions.listing(tx, status=status, limit=args.limit)
        held = submissions.counts(tx)[Status.HELD]
        if args.json:
            json.dump([_json(row, tx.now) for row in rows], sys.stdout, indent=1)
            print()
        else:
            _print(tx, settings, rows)
    return 1 if held else 0


def _json(row: Row, now: datetime) -> dict[str, Any]:
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


def _print(tx: Tx, settings: Settings, rows: tuple[Row, ...]) -> None:
    from intake.store import servers, submissions

    oldest, verified = submissions.oldest_waiting(tx), submissions.last_verified(tx)
    print(
        f"oldest waiting: {_ago(oldest, tx.now)}; last verified: {_ago(verified, tx.now)}",
        file=sys.stderr,
    )
    for server in settings.servers:
        state = servers.state(tx, server)
        if state.paused_since is not None:
            print(
                f"{server} is paused since {_ago(state.paused_since, tx.now)}: {state.words}",
                file=sys.stderr,
            )
        elif left := state.left_alone(tx.now):
            words = (
                f"the worker goes on in {span(left)}, or at once by `Try again now` on the monitor"
            )
            print(f"{server} asked for time: {words}", file=sys.stderr)
    for row in rows:
        shown = ("undo:" if row.undoing else "") + ("sending" if row.sending else row.status.value)
        age, words = span(tx.now - row.queued_at), row.words or ""
        print(
            f"{row.id}  {shown:<10} {age:>6}  {row.attempts:>3}  {row.clinic:<16} {words}".rstrip()
        )


def _ago(moment: datetime | None, now: datetime) -> str:
    return "none" if moment is None else f"{span(now - moment)} ago"
