"""`intake submissions worklist` and `typed`: what a person types into charts, as CSV, and the word that it is done."""

import argparse
from collections.abc import Iterator

from intake.settings import Settings
from intake.store.database import Database
from intake.store.worklist import Entry

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


def run(args: argparse.Namespace) -> int:
    """Do it; 1 where a file is there already, one cannot be read, or one that was said to be typed is not held."""
    from intake.cli.opening import complain, opened
    from intake.settings import load

    settings = load()
    if args.does == "worklist" and args.clinic is not None and args.clinic not in settings.clinics:
        complain(
            f"intake submissions: --clinic: '{args.clinic}' is not among {', '.join(settings.clinics)}"
        )
        return 2
    with opened(settings) as database:
        return (
            _typed(database, args.ids) if args.does == "typed" else _sheet(args, settings, database)
        )


def _sheet(args: argparse.Namespace, settings: Settings, database: Database) -> int:
    from intake.cli.lines import line, lines_to
    from intake.cli.opening import complain
    from intake.cli.users import WHO
    from intake.store import audit, worklist

    with database.write() as tx:
        found = worklist.waiting(tx, args.clinic)
        audit.record(tx, WHO, "worklist-read", args.clinic)
    try:
        with lines_to(args.csv, COLUMNS) as out:
            for entry in found.entries:
                for row in _rows(entry, settings):
                    line(out, row)
    except FileExistsError:
        complain(f"intake submissions: {args.csv} is there already; name another file")
        return 1
    complain(f"{len(found.entries)} to type; when it is done: intake submissions typed ID …")
    for identity in found.unreadable:
        complain(
            f"{identity} cannot be read here and is left out: bring back the key file and the version that stored it"
        )
    return 1 if found.unreadable else 0


def _rows(entry: Entry, settings: Settings) -> Iterator[tuple[object, ...]]:
    """Yield a line for each element."""
    from intake.report.outputs import harmless

    clinic = settings.clinics.get(entry.clinic)
    for each in entry.sheet.values:
        yield (
            entry.id,
            clinic.name if clinic else entry.clinic,
            entry.patient,
            harmless(
                " ".join(entry.sheet.record_numbers(clinic.record_number_system if clinic else ""))
            ),
            entry.sheet.birth_date,
            entry.answered_at.isoformat(timespec="minutes"),
            each.element,
            harmless(each.words),
            " ".join(each.codes),
        )


def _typed(database: Database, ids: list[str]) -> int:
    from intake.cli.opening import complain
    from intake.cli.users import WHO
    from intake.store import audit, worklist

    missed = 0
    for identity in ids:
        with database.write() as tx:
            done = worklist.typed(tx, identity)
            if done:
                audit.record(tx, WHO, "submission-typed", identity)
        if not done:
            complain(f"intake submissions: {identity} is not held")
        missed += not done
    return 1 if missed else 0
