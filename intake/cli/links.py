"""`intake links`: pre-visit links for the visits of a day, as CSV for the clinic's own messages."""

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from intake.cli.csv_output import open_csv, write_row
from intake.settings import Clinic, Settings
from intake.store.database import Database, Tx
from intake.store.visits import Visit

COLUMNS = ("clinic", "starts_at", "appointment", "record_number", "name", "link", "works_until")
ASKED_ALREADY = frozenset({"started", "submitted", "verified", "held", "entered"})


@dataclass(frozen=True, slots=True)
class Made:
    """A link that was made, and its line, which cannot be had again."""

    id: str
    line: tuple[object, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    create = parser.add_subparsers(dest="does", required=True).add_parser(
        "create", help="make links for a day's visits"
    )
    create.add_argument(
        "--date", required=True, type=_day, metavar="YYYY-MM-DD", help="the visits' day"
    )
    create.add_argument("--clinic", metavar="ID", help="only this clinic's")
    create.add_argument(
        "--csv",
        type=Path,
        metavar="FILE",
        help="write here, readable by you alone; default: standard output",
    )


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{given}' is no day such as 2026-11-24") from None


def run(args: argparse.Namespace) -> int:
    """Make them; 1 where the schedule of a clinic is not known."""
    from intake.cli.site import open_current_database, print_message, require_public_url
    from intake.settings import load_settings

    settings = load_settings()
    if args.clinic is not None and args.clinic not in settings.clinics:
        print_message(
            f"intake links: --clinic: '{args.clinic}' is not among {', '.join(settings.clinics)}"
        )
        return 2
    address = require_public_url(settings)
    clinics = [each for each in settings.clinics.values() if args.clinic in (None, each.id)]
    try:
        with open_current_database(settings) as database:
            return _create(database, settings, clinics, args, address)
    except FileExistsError:
        print_message(
            f"intake links: {args.csv} is there already; links that were made cannot be shown again, so name another file"
        )
        return 1


def _create(
    database: Database,
    settings: Settings,
    clinics: list[Clinic],
    args: argparse.Namespace,
    address: str,
) -> int:
    made: list[Made] = []
    code = 0
    try:
        # The file names patients, and whoever has a link needs only a date of birth: it is for its maker alone.
        with open_csv(args.csv, COLUMNS) as out:
            for clinic in clinics:
                fresh, known = _make(database, settings, clinic, args.date, address)
                made += fresh
                # Nobody knows how long a pager or a disk takes: it is written when the database is free again.
                for each in fresh:
                    write_row(out, each.line)
                out.flush()
                code = code if known else 1
    except BaseException:
        _take_back(database, made, args.date)
        raise
    return code


def _make(
    database: Database, settings: Settings, clinic: Clinic, day: date, address: str
) -> tuple[list[Made], bool]:
    """Make a clinic's links, and tell whether its schedule is known."""
    from intake.cli.site import print_message
    from intake.cli.users import AUDIT_ACTOR
    from intake.clock import day_bounds
    from intake.store import audit, visits
    from intake.store.outbox import reask_intervals

    with database.write() as tx:
        start, end = day_bounds(day, clinic.time_zone)
        # Whom the desk let in is here, and on no schedule.
        expected = [
            each for each in visits.list_visits(tx, clinic.id, start, end) if each.sought is None
        ]
        known = visits.last_fetched_at(tx, clinic.id) is not None
        progress = visits.progress_by_visit(tx, [visit.id for visit in expected])
        unasked = reask_intervals.current_intervals(
            tx, clinic.server, [visit.patient for visit in expected]
        )
        asked = {
            each.id
            for each in expected
            if progress[each.id] in ASKED_ALREADY or each.patient in unasked
        }
        made = [
            _made(tx, settings, clinic, each, address)
            for each in expected
            if each.birth_date and each.id not in asked
        ]
        audit.record_action(tx, AUDIT_ACTOR, "links-made", f"{clinic.id} {day.isoformat()}")
    print_message(_told(clinic, day, len(made), len(expected), known=known))
    return made, known


def _made(tx: Tx, settings: Settings, clinic: Clinic, visit: Visit, address: str) -> Made:
    from intake.pages import addresses
    from intake.report.outputs import escape_formula
    from intake.store import links

    until = links.expiry_time(visit, tx.now, settings.times.link, clinic.time_zone)
    identity, token = links.create_link(tx, visit, until)
    row = (
        clinic.name,
        visit.starts_at.astimezone(clinic.time_zone).isoformat(timespec="minutes"),
        visit.appointment or visit.encounter or "",
        escape_formula(visit.record_number or ""),
        escape_formula(visit.name),
        addresses.link_url(address, token),
        until.astimezone(clinic.time_zone).isoformat(timespec="minutes"),
    )
    return Made(identity, row)


def _take_back(database: Database, made: list[Made], day: date) -> None:
    """Make links worthless that may not all have been written: one that was not can never be shown again."""
    from intake.cli.site import print_message
    from intake.cli.users import AUDIT_ACTOR
    from intake.store import audit, links

    if not made:
        return
    with database.write() as tx:
        for each in made:
            links.revoke_link(tx, each.id)
        audit.record_action(tx, AUDIT_ACTOR, "links-revoked", day.isoformat())
    print_message(
        f"intake links: not all could be written, so the {len(made)} links made just now are revoked; make them again"
    )


def _told(clinic: Clinic, day: date, made: int, expected: int, *, known: bool) -> str:
    if not known:
        return f"{clinic.id}: its schedule was never fetched; `intake worker` fetches today and tomorrow"
    left = expected - made
    why = (
        ""
        if not left
        else f"; {left} left out, because they answered already, or their date of birth is not whole"
    )
    return f"{clinic.id}: {made} links for {day.isoformat()}{why}"
