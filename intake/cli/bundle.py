"""`intake bundle`: the transaction Bundle of one submission, without a network or a database."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from fhir_client.uscore.statement import Statement
from intake.answers import MatchCriteria
from intake.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "answers", type=Path, metavar="ANSWERS.json", help="a submission in its stored form"
    )
    parser.add_argument(
        "--us-core", required=True, metavar="VERSION", help="3.1.1, 6.1.0, 7.0.0, 8.0.1 or 9.0.0"
    )
    parser.add_argument(
        "--patient", type=Path, metavar="PATIENT.json", help="the Patient to merge into"
    )


def run(args: argparse.Namespace) -> int:
    """Print the Bundle."""
    from fhir_client.transport import exact_json
    from fhir_client.uscore.patient_merge import MergePolicy
    from fhir_client.uscore.versions import us_core_version
    from fhir_client.write.bundle import build_bundle
    from fhir_client.write.validation import validate_bundle
    from intake.settings import load_settings

    settings, place = load_settings(), args.answers
    try:
        us_core, statement = us_core_version(args.us_core), _said(args.answers, settings)
        place = args.patient or args.answers
        patient = None if args.patient is None else _patient(args.patient)
        if patient is None and MatchCriteria.from_reference(statement.patient):
            raise ValueError(
                "patient: the chart of this record number has to be named with --patient"
            )
        if patient is not None:
            statement = replace(statement, patient=f"Patient/{patient['id']}")
        built = build_bundle(
            statement, us_core, patient, MergePolicy(decline_erases=settings.mapping.decline_erases)
        )
        validate_bundle(built.bundle)
    except (OSError, ValueError) as error:
        print(f"{place}: {error}", file=sys.stderr)
        return 1
    print(exact_json.format_json(built.bundle, indent=2))
    return 0


def _said(path: Path, settings: Settings) -> Statement:
    from intake.mapping.site_mapping import map_submission
    from intake.store.payload import decode_submission

    return map_submission(decode_submission(path.read_bytes()), settings)


def _patient(path: Path) -> dict[str, Any]:
    """Return the Patient of the file; raises ValueError where it is none, or cannot be written to safely."""
    from fhir_client.transport import exact_json

    found = exact_json.parse_json(path.read_bytes())
    if not isinstance(found, dict) or found.get("resourceType") != "Patient" or not found.get("id"):
        raise ValueError("this is no Patient with an id")
    if not found.get("meta", {}).get("versionId"):
        raise ValueError(
            "the Patient has no meta.versionId, so a change by somebody else would not be noticed"
        )
    return found
