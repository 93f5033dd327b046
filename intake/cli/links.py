"""`intake links`: pre-visit links for a day's visits, as CSV for the clinic's own messages."""

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from intake.cli.csv_output import open_csv, write_row
from intake.cli.output import print_message, print_note
from intake.cli.site import (
    AUDIT_ACTOR,
    is_unknown_clinic,
    open_current_database,
    require_public_url,
)
from intake.clock import day_bounds
from intake.pages import addresses
from intake.report.outputs import escape_formula
from intake.settings import Clinic, Settings, load_site_settings
from intake.store import audit, links, visits
from intake.store.database import Database, Tx
from intake.store.outbox import reask_intervals
from intake.store.visits import Visit

COLUMNS = ("clinic", "starts_at", "appointment", "record_number", "name", "link", "works_until")
HAS_STARTED = frozenset({"started", "submitted", "verified", "held", "entered"})
"""The progress of visits whose patients need no link any longer."""


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link just created, with its CSV row; the token in the row cannot be read again."""

    id: str
    row: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ClinicLinks:
    """One clinic's new links; without a fetched schedule there are none."""

    links: tuple[NewLink, ...]
    has_schedule: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    create = parser.add_subparsers(dest="action", required=True).add_parser(
        "create", help="create links for a day's visits"
    )
    create.add_argument(
        "--date", required=True, type=_parse_day, metavar="YYYY-MM-DD", help="the day of the visits"
    )
    create.add_argument("--clinic", metavar="ID", help="only this clinic's")
    create.add_argument(
        "--csv",
        type=Path,
        metavar="FILE",
        help="write to this new file, which only you can read; default: standard output",
    )


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no day such as 2026-11-24") from None


def run(args: argparse.Namespace) -> int:
    """Create the links; 1 if a clinic's schedule was never fetched."""
    settings = load_site_settings()
    if is_unknown_clinic(settings, args.clinic, "intake links"):
        return 2
    public_url = require_public_url(settings)
    try:
        with open_current_database(settings) as database:
            return _create_links(database, settings, args, public_url)
    except FileExistsError:
        print_message(
            f"intake links: {args.csv} exists already; name another file. "
            "It may hold links, which cannot be shown again."
        )
        return 1


def _create_links(
    database: Database, settings: Settings, args: argparse.Namespace, public_url: str
) -> int:
    clinics = [clinic for clinic in settings.clinics.values() if args.clinic in (None, clinic.id)]
    written: list[NewLink] = []
    exit_code = 0
    try:
        with open_csv(args.csv, COLUMNS) as out:
            for clinic in clinics:
                created = _create_for_clinic(database, settings, clinic, args.date, public_url)
                written += created.links
                # The rows are written after the transaction: a pager or a slow disk would
                # otherwise keep the database locked.
                for link in created.links:
                    write_row(out, link.row)
                out.flush()
                exit_code = exit_code if created.has_schedule else 1
    except BaseException:
        _revoke_links(database, written, args.date)
        raise
    return exit_code


def _create_for_clinic(
    database: Database, settings: Settings, clinic: Clinic, day: date, public_url: str
) -> ClinicLinks:
    with database.write() as tx:
        start, end = day_bounds(day, clinic.time_zone)
        # Walk-ins are at the clinic already and need no link.
        expected = [
            visit
            for visit in visits.list_visits(tx, clinic.id, start, end)
            if visit.match_state is None
        ]
        has_schedule = visits.last_fetched_at(tx, clinic.id) is not None
        unanswered = _without_answers(tx, clinic, expected)
        # A patient opens a link with the birth date, so a visit without one gets no link.
        created = tuple(
            _create_link(tx, settings, clinic, visit, public_url)
            for visit in unanswered
            if visit.birth_date
        )
        audit.record_action(tx, AUDIT_ACTOR, "links-made", f"{clinic.id} {day.isoformat()}")
    left_out = len(expected) - len(created)
    print_note(_describe_result(clinic, day, len(created), left_out, has_schedule=has_schedule))
    return ClinicLinks(created, has_schedule)


def _without_answers(tx: Tx, clinic: Clinic, expected: list[Visit]) -> list[Visit]:
    """Return the visits whose patients have not answered, for this visit or recently."""
    progress = visits.progress_by_visit(tx, [visit.id for visit in expected])
    recently_answered = reask_intervals.current_intervals(
        tx, clinic.server, [visit.patient for visit in expected]
    )
    return [
        visit
        for visit in expected
        if progress[visit.id] not in HAS_STARTED and visit.patient not in recently_answered
    ]


def _create_link(
    tx: Tx, settings: Settings, clinic: Clinic, visit: Visit, public_url: str
) -> NewLink:
    expires_at = links.expiry_time(visit, tx.now, settings.times.link, clinic.time_zone)
    link_id, token = links.create_link(tx, visit, expires_at)
    row = (
        clinic.name,
        visit.starts_at.astimezone(clinic.time_zone).isoformat(timespec="minutes"),
        visit.appointment or visit.encounter or "",
        # Spreadsheets run a cell that begins with = + - @ as a formula.
        escape_formula(visit.record_number or ""),
        escape_formula(visit.name),
        addresses.link_url(public_url, token),
        expires_at.astimezone(clinic.time_zone).isoformat(timespec="minutes"),
    )
    return NewLink(link_id, row)


def _revoke_links(database: Database, created: list[NewLink], day: date) -> None:
    """Revoke the links whose rows may be missing from the output: no row can be printed again."""
    if not created:
        return
    with database.write() as tx:
        for link in created:
            links.revoke_link(tx, link.id)
        audit.record_action(tx, AUDIT_ACTOR, "links-revoked", day.isoformat())
    print_message(
        "intake links: not all links could be written, "
        f"so the {len(created)} new links are revoked; run the command again"
    )


def _describe_result(
    clinic: Clinic, day: date, created: int, left_out: int, *, has_schedule: bool
) -> str:
    if not has_schedule:
        return (
            f"{clinic.id}: its schedule was never fetched; "
            "`intake worker` fetches today and tomorrow"
        )
    reason = "because their patients answered already or have no complete date of birth"
    suffix = f"; {left_out} left out, {reason}" if left_out else ""
    return f"{clinic.id}: {created} links for {day.isoformat()}{suffix}"
