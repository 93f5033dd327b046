"""`intake links`: pre-visit links for the visits of a day, as CSV for the clinic's own messages."""

import argparse
from datetime import date
from pathlib import Path
from typing import TextIO

from intake.cli.lines import line, lines_to
from intake.settings import Clinic, Settings
from intake.store.database import Database, Tx
from intake.store.visits import Visit

COLUMNS = ("clinic", "starts_at", "appointment", "record_number", "name", "link", "works_until")
ASKED_ALREADY = frozenset({"started", "submitted", "verified", "held", "entered"})


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    create = parser.add_subparsers(dest="does", required=True).add_parser("create", help="make links for a day's visits")
    create.add_argument("--date", required=True, type=_day, metavar="YYYY-MM-DD", help="the visits' day")
    create.add_argument("--clinic", metavar="ID", help="only this clinic's")
    create.add_argument("--csv", type=Path, metavar="FILE", help="write here, readable by you alone; default: standard output")


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{given}' is no day such as 2026-11-24") from None


def run(args: argparse.Namespace) -> int:
    """Make them; 1 where the schedule of a clinic is not known."""
    from intake.cli.opening import complain, opened, served_at
    from intake.settings import load

    settings = load()
    if args.clinic is not None and args.clinic not in settings.clinics:
        complain(f"intake links: --clinic: '{args.clinic}' is not among {', '.join(settings.clinics)}")
        return 2
    address = served_at(settings)
    clinics = [each for each in settings.clinics.values() if args.clinic in (None, each.id)]
    try:
        with opened(settings) as database, lines_to(args.csv, COLUMNS) as out:
            # The file names patients, and whoever has a link needs only a date of birth: it is for its maker alone.
            return max(_create(database, settings, clinic, args.date, address, out) for clinic in clinics)
    except FileExistsError:
        complain(f"intake links: {args.csv} is there already; links that were made cannot be shown again, so name another file")
        return 1


def _create(database: Database, settings: Settings, clinic: Clinic, day: date, address: str, out: TextIO) -> int:
    from intake.cli.opening import complain
    from intake.cli.users import WHO
    from intake.clock import bounds
    from intake.store import audit, resting, visits

    with database.write() as tx:
        start, end = bounds(day, clinic.time_zone)
        # Whom the desk let in is here, and on no schedule.
        expected = [each for each in visits.expected(tx, clinic.id, start, end) if each.sought is None]
        known = visits.last_fetched(tx, clinic.id) is not None
        progress = visits.progress(tx, [visit.id for visit in expected])
        unasked = resting.not_asked(tx, clinic.server, [visit.patient for visit in expected])
        asked = {each.id for each in expected if progress[each.id] in ASKED_ALREADY or each.patient in unasked}
        wanted = [each for each in expected if each.birth_date and each.id not in asked]
        for visit in wanted:
            line(out, _row(tx, settings, clinic, visit, address))
        audit.record(tx, WHO, "links-made", f"{clinic.id} {day.isoformat()}")
        # Nothing is stored unless it was written: a link that was not can never be shown again.
        out.flush()
    complain(_told(clinic, day, len(wanted), len(expected), known=known))
    return 0 if known else 1


def _row(tx: Tx, settings: Settings, clinic: Clinic, visit: Visit, address: str) -> tuple[object, ...]:
    from intake.pages import addresses
    from intake.report.outputs import harmless
    from intake.store import links

    until = links.expiry(visit, tx.now, settings.times.link, clinic.time_zone)
    _, token = links.make(tx, visit, until)
    return (
        clinic.name,
        visit.starts_at.astimezone(clinic.time_zone).isoformat(timespec="minutes"),
        visit.appointment or visit.encounter or "",
        harmless(visit.record_number or ""),
        harmless(visit.name),
        addresses.link(address, token),
        until.astimezone(clinic.time_zone).isoformat(timespec="minutes"),
    )


def _told(clinic: Clinic, day: date, made: int, expected: int, *, known: bool) -> str:
    if not known:
        return f"{clinic.id}: its schedule was never fetched; `intake worker` fetches today and tomorrow"
    left = expected - made
    why = "" if not left else f"; {left} left out, because they answered already, or their date of birth is not whole"
    return f"{clinic.id}: {made} links for {day.isoformat()}{why}"
