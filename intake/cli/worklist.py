"""`intake submissions worklist` and `typed`: what a person types into charts, as CSV, and the word that it is done."""

import argparse
from collections.abc import Iterator

from intake.settings import Settings
from intake.store.database import Database
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
    """Do it; 1 where a file is there already, one cannot be read, or one that was said to be typed is not held."""
    from intake.cli.site import open_current_database, print_message
    from intake.settings import load_settings

    settings = load_settings()
    if args.does == "worklist" and args.clinic is not None and args.clinic not in settings.clinics:
        print_message(
            f"intake submissions: --clinic: '{args.clinic}' is not among {', '.join(settings.clinics)}"
        )
        return 2
    with open_current_database(settings) as database:
        return (
            _typed(database, args.ids) if args.does == "typed" else _sheet(args, settings, database)
        )


def _sheet(args: argparse.Namespace, settings: Settings, database: Database) -> int:
    from intake.cli.csv_output import open_csv, write_row
    from intake.cli.site import print_message
    from intake.cli.users import AUDIT_ACTOR
    from intake.store import audit
    from intake.store.outbox import worklist

    with database.write() as tx:
        found = worklist.read_worklist(tx, args.clinic)
        audit.record_action(tx, AUDIT_ACTOR, "worklist-read", args.clinic)
    try:
        with open_csv(args.csv, COLUMNS) as out:
            for entry in found.entries:
                for row in _rows(entry, settings):
                    write_row(out, row)
    except FileExistsError:
        print_message(f"intake submissions: {args.csv} is there already; name another file")
        return 1
    print_message(f"{len(found.entries)} to type; when it is done: intake submissions typed ID …")
    for identity in found.unreadable:
        print_message(
            f"{identity} cannot be read here and is left out: bring back the key file and the version that stored it"
        )
    return 1 if found.unreadable else 0


def _rows(entry: WorklistEntry, settings: Settings) -> Iterator[tuple[object, ...]]:
    """Yield a line for each element."""
    from intake.report.outputs import escape_formula

    clinic = settings.clinics.get(entry.clinic)
    for each in entry.sheet.values:
        yield (
            entry.id,
            clinic.name if clinic else entry.clinic,
            entry.patient,
            escape_formula(
                " ".join(entry.sheet.record_numbers(clinic.record_number_system if clinic else ""))
            ),
            entry.sheet.birth_date,
            entry.answered_at.isoformat(timespec="minutes"),
            each.element,
            escape_formula(each.words),
            " ".join(each.codes),
        )


def _typed(database: Database, ids: list[str]) -> int:
    from intake.cli.site import print_message
    from intake.cli.users import AUDIT_ACTOR
    from intake.store import audit
    from intake.store.outbox import worklist

    missed = 0
    for identity in ids:
        with database.write() as tx:
            done = worklist.mark_typed(tx, identity)
            if done:
                audit.record_action(tx, AUDIT_ACTOR, "submission-typed", identity)
        if not done:
            print_message(f"intake submissions: {identity} is not held")
        missed += not done
    return 1 if missed else 0
