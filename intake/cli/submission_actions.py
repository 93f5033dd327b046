"""`intake submissions retry` and `discard`: the monitor's actions on several submissions."""

import argparse
import sys
from collections.abc import Callable

from intake.cli.output import print_message, print_note
from intake.cli.site import AUDIT_ACTOR, open_current_database
from intake.settings import load_site_settings
from intake.store import audit
from intake.store.database import Database, Tx
from intake.store.outbox.discard import discard_submission
from intake.store.outbox.retry import retry_submission

Transition = Callable[[Tx, str], bool]


def change_submissions(args: argparse.Namespace) -> int:
    """Run the chosen action for each id; 1 if one is in another state, 2 without consent."""
    if args.action == "discard" and not (args.yes or _confirm_discard(len(args.ids))):
        print_message("intake submissions discard: nothing is discarded; --yes discards unasked")
        return 2
    with open_current_database(load_site_settings()) as database:
        if args.action == "discard":
            return _apply_to_all(
                database, args.ids, discard_submission, "submission-discarded", "is not held"
            )
        return _apply_to_all(
            database,
            args.ids,
            retry_submission,
            "submission-retried",
            "is neither held nor waiting",
        )


def _confirm_discard(count: int) -> bool:
    """Ask at a terminal; without one there is no consent."""
    if not sys.stdin or not sys.stdin.isatty():
        return False
    print_message(f"This erases the answers of {count} submissions. Type yes to go on:")
    return sys.stdin.readline().strip().lower() == "yes"


def _apply_to_all(
    database: Database, ids: list[str], transition: Transition, audit_name: str, refusal: str
) -> int:
    refused_count = 0
    for submission_id in ids:
        # One transaction per submission: a wrong id does not undo the actions before it.
        with database.write() as tx:
            changed = transition(tx, submission_id)
            if changed:
                audit.record_action(tx, AUDIT_ACTOR, audit_name, submission_id)
        if not changed:
            print_message(f"intake submissions: {submission_id} {refusal}")
            refused_count += 1
    print_note(f"{len(ids) - refused_count} of {len(ids)} submissions changed")
    return 1 if refused_count else 0
