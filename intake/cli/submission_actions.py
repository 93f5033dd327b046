"""`intake submissions retry`, `hold`, `discard` and `by-hand`: the monitor's actions."""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from intake.cli.output import print_message, print_note
from intake.cli.site import AUDIT_ACTOR, open_current_database
from intake.settings import load_site_settings
from intake.store import audit
from intake.store.database import Database, Tx
from intake.store.outbox.discard import discard_submission
from intake.store.outbox.hold import hold_by_staff
from intake.store.outbox.retry import retry_submission
from intake.store.outbox.worklist import request_worksheet

DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Action:
    """One action that the monitor also has.

    `change` returns False for a submission in another state, and `refusal` says which one.
    """

    summary: str
    change: Callable[[Tx, str], bool]
    audit_name: str
    refusal: str


ACTIONS: Mapping[str, Action] = {
    "retry": Action(
        "have the worker try held or waiting submissions again at once",
        retry_submission,
        "submission-retried",
        "is neither held nor waiting",
    ),
    "hold": Action(
        "hold open submissions until a retry",
        hold_by_staff,
        "submission-held",
        "is not open",
    ),
    DISCARD: Action(
        "give held submissions up and erase their answers; needs --yes",
        discard_submission,
        "submission-discarded",
        "is not held",
    ),
    "by-hand": Action(
        "put held submissions on the worklist, whatever holds them",
        request_worksheet,
        "worklist-requested",
        "is not held",
    ),
}


def add_actions(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the parsers of these actions."""
    for name, action in ACTIONS.items():
        parser = actions.add_parser(name, help=action.summary)
        parser.add_argument("ids", nargs="+", metavar="ID", help="a submission's complete id")
        if name == DISCARD:
            parser.add_argument("--yes", action="store_true", help="erase them without asking")


def change_submissions(args: argparse.Namespace) -> int:
    """Run the chosen action for each id; 1 if one is in another state, 2 without consent."""
    if args.action == DISCARD and not (args.yes or _confirm_discard(len(args.ids))):
        print_message("intake submissions discard: nothing is discarded; --yes discards unasked")
        return 2
    with open_current_database(load_site_settings()) as database:
        return _apply_to_all(database, args.ids, ACTIONS[args.action])


def _confirm_discard(count: int) -> bool:
    """Ask at a terminal; without one there is no consent."""
    if not sys.stdin or not sys.stdin.isatty():
        return False
    print_message(f"This erases the answers of {count} submissions. Type yes to go on:")
    return sys.stdin.readline().strip().lower() == "yes"


def _apply_to_all(database: Database, ids: list[str], action: Action) -> int:
    refused_count = 0
    for submission_id in ids:
        # One transaction per submission: a wrong id does not undo the actions before it.
        with database.write() as tx:
            changed = action.change(tx, submission_id)
            if changed:
                audit.record_action(tx, AUDIT_ACTOR, action.audit_name, submission_id)
        if not changed:
            print_message(f"intake submissions: {submission_id} {action.refusal}")
            refused_count += 1
    print_note(f"{len(ids) - refused_count} of {len(ids)} submissions changed")
    return 1 if refused_count else 0
