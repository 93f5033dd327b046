"""`intake bundle`: the transaction Bundle of one submission, without a network or a database."""

import argparse
import json
import sys
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("answers", type=Path, metavar="ANSWERS.json", help="a submission in its stored form")
    parser.add_argument("--us-core", required=True, metavar="VERSION", help="3.1.1, 6.1.0, 7.0.0, 8.0.1 or 9.0.0")
    parser.add_argument("--patient", type=Path, metavar="PATIENT.json", help="the Patient to merge into")


def run(args: argparse.Namespace) -> int:
    """Print the Bundle."""
    from fhir_client.uscore.patient import MergePolicy
    from fhir_client.uscore.versions import version
    from fhir_client.writing.bundle import build
    from fhir_client.writing.check import check
    from intake.settings import load
    from intake.store.payload import decode
    from intake.sync.mapping import statement

    settings = load()
    try:
        us_core = version(args.us_core)
        submission = decode(args.answers.read_bytes())
        patient = None if args.patient is None else json.loads(args.patient.read_text("utf-8"))
        if submission.question_set not in settings.question_sets:
            raise ValueError(f"question_set: '{submission.question_set}' is not among {', '.join(settings.question_sets)}")
        clinic = settings.clinics.get(submission.clinic)
        said = statement(
            submission,
            settings.question_sets[submission.question_set],
            settings.mapping,
            organization=clinic.organization if clinic else None,
        )
        built = build(said, us_core, patient, MergePolicy(decline_erases=settings.mapping.decline_erases))
        check(built.bundle)
    except (OSError, ValueError) as error:
        print(f"{args.answers}: {error}", file=sys.stderr)
        return 1
    json.dump(built.bundle, sys.stdout, ensure_ascii=False, indent=2)
    print()
    return 0
