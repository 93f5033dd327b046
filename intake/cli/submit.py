"""`intake submit`: submissions from files into the outbox, as from a tablet."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from intake.answers import Submission
from intake.settings import Settings


@dataclass(frozen=True, slots=True)
class Piece:
    """One submission's JSON and where it stands."""

    where: str
    raw: bytes


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="JSON, or NDJSON with one submission a line; - is standard input"
    )
    parser.add_argument("--patient", metavar="REFERENCE", help="for every submission: this patient, such as Patient/123")
    parser.add_argument("--clinic", metavar="ID", help="for every submission: this clinic")


def run(args: argparse.Namespace) -> int:
    """Put every good submission into the outbox and print its id; name every bad one."""
    from intake.cli.opening import complain, opened
    from intake.settings import load
    from intake.store import submissions
    from intake.store.payload import PayloadFault, decode

    settings, faults = load(), 0
    with opened(settings) as database:
        for piece in pieces(args.files):
            try:
                submission = _named(decode(piece.raw), args)
                server = _server(submission, settings)
                with database.write() as tx:
                    submissions.submit(tx, submission, server)
                print(submission.id)
            except (PayloadFault, submissions.DifferentContent, LookupError, OSError) as fault:
                faults += 1
                complain(f"{piece.where}: {fault.args[0] if fault.args else fault}")
    return 1 if faults else 0


def pieces(files: list[str]) -> Iterator[Piece]:
    """Yield each submission of the files: a file that is one JSON object, else each of its lines that is not empty."""
    for name in files:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        lines = [line for line in raw.splitlines() if line.strip()]
        if len(lines) > 1 and lines[0].strip() == b"{":
            yield Piece(name, raw)
            continue
        for number, line in enumerate(raw.splitlines(), start=1):
            if line.strip():
                yield Piece(f"{name}:{number}", line)


def _named(submission: Submission, args: argparse.Namespace) -> Submission:
    return replace(submission, patient=args.patient or submission.patient, clinic=args.clinic or submission.clinic)


def _server(submission: Submission, settings: Settings) -> str:
    if submission.clinic not in settings.clinics:
        raise LookupError(f"clinic: '{submission.clinic}' is not among {', '.join(settings.clinics)}")
    if submission.question_set not in settings.question_sets:
        raise LookupError(f"question_set: '{submission.question_set}' is not among {', '.join(settings.question_sets)}")
    return settings.clinics[submission.clinic].server
