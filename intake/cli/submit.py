"""`intake submit`: stores submissions from files in the outbox, as a tablet does.

An input is ANSWERS.json, or a QuestionnaireResponse to one of our Questionnaires.
"""

import argparse
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from fhir_client.transport import exact_json
from fhir_client.transport.tolerant_json import parse_foreign_json
from intake import journey
from intake.answers import Submission
from intake.cli.output import print_message
from intake.cli.site import NotReadyError, open_current_database
from intake.clock import system_clock
from intake.mapping.responses import ResponseReader
from intake.mapping.site_mapping import validate_submission
from intake.settings import Settings, load_site_settings
from intake.store.database import Database, DatabaseError
from intake.store.outbox.enqueue import DifferentContentError, store_submission
from intake.store.payload import check_submission, decode_unchecked

CLOCK_TOLERANCE = timedelta(hours=1)
"""How far another machine's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class SubmissionInput:
    """One submission's JSON and its place in the files; `fault` says why it could not be read."""

    location: str
    raw: bytes
    fault: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="JSON, or NDJSON with one submission per line: ANSWERS.json or "
        "QuestionnaireResponses to our Questionnaires; - is standard input",
    )
    parser.add_argument(
        "--patient",
        metavar="REFERENCE",
        help="this patient for every submission, such as Patient/123",
    )
    parser.add_argument("--clinic", metavar="ID", help="this clinic for every submission")


def run(args: argparse.Namespace) -> int:
    """Store every valid submission and print its id; name every invalid one."""
    settings, fault_count = load_site_settings(), 0
    reader = ResponseReader(settings)
    with open_current_database(settings) as database:
        for item in read_inputs(args.files):
            try:
                submission = _decode_input(item, args, settings, reader)
                _store_submission(database, submission, settings)
                # The id is printed only after the commit: a caller may delete its copy then.
                print(submission.id)
            except (ValueError, DifferentContentError) as error:
                fault_count += 1
                print_message(f"{item.location}: {error}")
            except DatabaseError as error:
                raise NotReadyError(
                    f"{item.location}: the database cannot store this submission "
                    f"({type(error).__name__}); those before it are stored"
                ) from None
    return 1 if fault_count else 0


def read_inputs(files: list[str]) -> Iterator[SubmissionInput]:
    """Yield each submission of the files.

    A file with an object on a line is NDJSON, unless the whole file is one JSON value over several
    lines. Any other file is one submission as a whole.
    """
    for name in files:
        try:
            raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            yield SubmissionInput(name, b"", f"cannot be read: {error.strerror}")
            continue
        # Windows programs begin UTF-8 files with a byte order mark.
        lines = raw.removeprefix(BOM_UTF8).splitlines()
        filled = [line.strip() for line in lines if line.strip()]
        has_objects = any(line.startswith(b"{") and line.endswith(b"}") for line in filled)
        if not has_objects or (len(filled) > 1 and _is_json(raw)):
            yield SubmissionInput(name, raw)
            continue
        yield from (
            SubmissionInput(f"{name}:{number}", line)
            for number, line in enumerate(lines, start=1)
            if line.strip()
        )


def _is_json(raw: bytes) -> bool:
    # A pretty-printed response has whole objects on its lines, too.
    try:
        exact_json.parse_json(raw.removeprefix(BOM_UTF8))
    except (ValueError, RecursionError):
        return False
    return True


def _decode_input(
    item: SubmissionInput, args: argparse.Namespace, settings: Settings, reader: ResponseReader
) -> Submission:
    """Return the submission; raises ValueError naming the faulty field, never its content."""
    if item.fault:
        raise ValueError(item.fault)
    if (resource := _find_resource(item.raw)) is not None:
        submission = reader.read_submission(resource, patient=args.patient, clinic=args.clinic)
    else:
        submission = decode_unchecked(item.raw.removeprefix(BOM_UTF8))
        submission = replace(
            submission,
            patient=args.patient or submission.patient,
            clinic=args.clinic or submission.clinic,
        )
    # The checks follow the options, which may replace a patient or clinic that is not valid here.
    check_submission(submission)
    validate_submission(submission, settings)
    if submission.answered_at > system_clock() + CLOCK_TOLERANCE:
        raise ValueError("answered_at: lies in the future")
    return submission


def _find_resource(raw: bytes) -> dict[str, Any] | None:
    """Return the FHIR resource in the input; None for ANSWERS.json."""
    # Most inputs are ANSWERS.json, and need no second parsing.
    if b"resourceType" not in raw:
        return None
    value = parse_foreign_json(raw)
    return value if isinstance(value, dict) and "resourceType" in value else None


def _store_submission(database: Database, submission: Submission, settings: Settings) -> None:
    question_set = settings.question_sets[submission.question_set]
    server_id = settings.clinics[submission.clinic].server
    reask_at = journey.reask_at(submission, question_set, settings.times.reask_after)
    with database.write() as tx:
        store_submission(tx, submission, server_id, again=reask_at)
