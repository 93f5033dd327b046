"""`intake submissions worklist` and `typed`: values that staff type into charts by hand."""

import argparse
from collections.abc import Iterator

from intake.cli.csv_output import open_csv, write_row
from intake.cli.output import print_message, print_note
from intake.cli.site import AUDIT_ACTOR, is_unknown_clinic, open_current_database
from intake.report.outputs import escape_formula
from intake.settings import Settings, load_site_settings
from intake.store import audit
from intake.store.database import Database
from intake.store.outbox import worklist
from intake.store.outbox.worklist import WorklistEntry

COLUMNS = (
    "submission",
    "clinic",
    "patient",
    "record_number",
    "birth_date",
    "answered_at",
    "element",
    "type_this",
    "codes",
)


def run_worklist(args: argparse.Namespace) -> int:
    """Run the chosen action.

    Returns 1 if the file exists, an entry is unreadable, or a typed submission is not held.
    """
    settings = load_site_settings()
    if args.action == "worklist" and is_unknown_clinic(settings, args.clinic, "intake submissions"):
        return 2
    with open_current_database(settings) as database:
        if args.action == "typed":
            return _mark_typed(database, args.ids)
        return _print_worklist(args, settings, database)


def _print_worklist(args: argparse.Namespace, settings: Settings, database: Database) -> int:
    # The audit entry comes before the output, so that no answer is read without one.
    with database.write() as tx:
        current = worklist.read_worklist(tx, args.clinic)
        audit.record_action(tx, AUDIT_ACTOR, "worklist-read", args.clinic)
    try:
        with open_csv(args.csv, COLUMNS) as out:
            for entry in current.entries:
                for row in _rows(entry, settings):
                    write_row(out, row)
    except FileExistsError:
        print_message(f"intake submissions: {args.csv} exists already; name another file")
        return 1
    print_note(
        f"{len(current.entries)} submissions to type; "
        "when they are typed, run: intake submissions typed ID …"
    )
    for submission_id in current.unreadable:
        print_message(
            f"{submission_id} cannot be read here and is left out: "
            "bring back the key file or the version that stored it"
        )
    return 1 if current.unreadable else 0


def _rows(entry: WorklistEntry, settings: Settings) -> Iterator[tuple[object, ...]]:
    """Yield a CSV row for each element; spreadsheets must not run a value as a formula."""
    clinic = settings.clinics.get(entry.clinic)
    record_numbers = worklist.record_numbers(
        entry.worksheet, clinic.record_number_system if clinic else ""
    )
    for value in entry.worksheet.values:
        yield (
            entry.id,
            clinic.name if clinic else entry.clinic,
            entry.patient,
            escape_formula(" ".join(record_numbers)),
            entry.worksheet.birth_date,
            entry.answered_at.isoformat(timespec="minutes"),
            value.element,
            escape_formula(value.words),
            " ".join(value.codes),
        )


def _mark_typed(database: Database, submission_ids: list[str]) -> int:
    refused_count = 0
    for submission_id in submission_ids:
        # One transaction per submission: a wrong id does not undo the reports before it.
        with database.write() as tx:
            accepted = worklist.mark_typed(tx, submission_id)
            if accepted:
                audit.record_action(tx, AUDIT_ACTOR, "submission-typed", submission_id)
        if not accepted:
            print_message(f"intake submissions: {submission_id} is not held")
            refused_count += 1
    return 1 if refused_count else 0
