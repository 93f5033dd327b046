"""`intake bundle`: the transaction Bundle of one submission, without a network or a database."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from fhir_client.uscore.statement import Statement
from intake.answers import Sought
from intake.settings import Settings


def arguments(parser: argparse.ArgumentParser) -> None:
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
    from fhir_client import exact
    from fhir_client.uscore.patient import MergePolicy
    from fhir_client.uscore.versions import version
    from fhir_client.writing.bundle import build
    from fhir_client.writing.check import check
    from intake.settings import load

    settings, place = load(), args.answers
    try:
        us_core, statement = version(args.us_core), _said(args.answers, settings)
        place = args.patient or args.answers
        patient = None if args.patient is None else _patient(args.patient)
        if patient is None and Sought.of(statement.patient):
            raise ValueError(
                "patient: the chart of this record number has to be named with --patient"
            )
        if patient is not None:
            statement = replace(statement, patient=f"Patient/{patient['id']}")
        built = build(
            statement, us_core, patient, MergePolicy(decline_erases=settings.mapping.decline_erases)
        )
        check(built.bundle)
    except (OSError, ValueError) as error:
        print(f"{place}: {error}", file=sys.stderr)
        return 1
    print(exact.dumps(built.bundle, indent=2))
    return 0


def _said(path: Path, settings: Settings) -> Statement:
    from intake.store.payload import decode
    from intake.sync.saying import said

    return said(decode(path.read_bytes()), settings)


def _patient(path: Path) -> dict[str, Any]:
    """Return the Patient of the file; raises ValueError where it is none, or cannot be written to safely."""
    from fhir_client import exact

    found = exact.loads(path.read_bytes())
    if not isinstance(found, dict) or found.get("resourceType") != "Patient" or not found.get("id"):
        raise ValueError("this is no Patient with an id")
    if not found.get("meta", {}).get("versionId"):
        raise ValueError(
            "the Patient has no meta.versionId, so a change by somebody else would not be noticed"
        )
    return found
