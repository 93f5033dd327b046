"""`intake submit`: submissions from files into the outbox, as from a tablet."""

import argparse
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from intake import journey
from intake.answers import Submission
from intake.settings import Settings

AHEAD = timedelta(hours=1)
"""How far another machine's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One submission's JSON and where it stands; or why there is none."""

    where: str
    raw: bytes
    fault: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="JSON, or NDJSON with one submission a line; - is standard input",
    )
    parser.add_argument(
        "--patient",
        metavar="REFERENCE",
        help="for every submission: this patient, such as Patient/123",
    )
    parser.add_argument("--clinic", metavar="ID", help="for every submission: this clinic")


def run(args: argparse.Namespace) -> int:
    """Put every good submission into the outbox and print its id; name every bad one."""
    from intake.cli.site import NotReadyError, open_current_database, print_message
    from intake.settings import load_settings
    from intake.store.database import DatabaseError
    from intake.store.outbox import submissions

    settings, faults = load_settings(), 0
    with open_current_database(settings) as database:
        for piece in pieces(args.files):
            try:
                submission = _checked(piece, args, settings)
                with database.write() as tx:
                    again = journey.reask_at(
                        submission,
                        settings.question_sets[submission.question_set],
                        settings.times.reask_after,
                    )
                    submissions.store_submission(
                        tx, submission, settings.clinics[submission.clinic].server, again=again
                    )
                print(submission.id)
            except (ValueError, submissions.DifferentContentError) as fault:
                faults += 1
                print_message(f"{piece.where}: {fault}")
            except DatabaseError as fault:
                raise NotReadyError(
                    f"{piece.where}: the database takes nothing more ({type(fault).__name__}); stored up to here"
                ) from None
    return 1 if faults else 0


def pieces(files: list[str]) -> Iterator[Piece]:
    """Yield each submission of the files: each line that is not empty, or the whole where no line is an object by itself."""
    for name in files:
        try:
            raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            yield Piece(name, b"", f"cannot be read: {error.strerror}")
            continue
        lines = raw.removeprefix(BOM_UTF8).splitlines()
        if not any(line.strip().startswith(b"{") and line.strip().endswith(b"}") for line in lines):
            yield Piece(name, raw)
            continue
        yield from (
            Piece(f"{name}:{number}", line)
            for number, line in enumerate(lines, start=1)
            if line.strip()
        )


def _checked(piece: Piece, args: argparse.Namespace, settings: Settings) -> Submission:
    """Return the piece's submission; raises ValueError with the place of what is wrong, never with what was said."""
    from intake.clock import system_clock
    from intake.mapping.site_mapping import validate_submission
    from intake.store.payload import check_submission, decode_unchecked

    if piece.fault:
        raise ValueError(piece.fault)
    found = decode_unchecked(piece.raw)
    found = replace(
        found, patient=args.patient or found.patient, clinic=args.clinic or found.clinic
    )
    check_submission(found)
    validate_submission(found, settings)
    if found.answered_at > system_clock() + AHEAD:
        raise ValueError("answered_at: lies in the future")
    return found
