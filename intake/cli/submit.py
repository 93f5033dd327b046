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


def arguments(parser: argparse.ArgumentParser) -> None:
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
    from intake.cli.opening import NotReady, complain, opened
    from intake.settings import load
    from intake.store import submissions
    from intake.store.database import DatabaseFault

    settings, faults = load(), 0
    with opened(settings) as database:
        for piece in pieces(args.files):
            try:
                submission = _checked(piece, args, settings)
                with database.write() as tx:
                    again = journey.again_at(
                        submission,
                        settings.question_sets[submission.question_set],
                        settings.times.again,
                    )
                    submissions.submit(
                        tx, submission, settings.clinics[submission.clinic].server, again=again
                    )
                print(submission.id)
            except (ValueError, submissions.DifferentContent) as fault:
                faults += 1
                complain(f"{piece.where}: {fault}")
            except DatabaseFault as fault:
                raise NotReady(
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
    from intake.store.payload import check, read
    from intake.sync.saying import refuse_unknown

    if piece.fault:
        raise ValueError(piece.fault)
    found = read(piece.raw)
    found = replace(
        found, patient=args.patient or found.patient, clinic=args.clinic or found.clinic
    )
    check(found)
    refuse_unknown(found, settings)
    if found.answered_at > system_clock() + AHEAD:
        raise ValueError("answered_at: lies in the future")
    return found
