"""`intake bundle`: the transaction Bundle of one submission, without a network or a database."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from fhir_client.references import local_reference
from fhir_client.transport import exact_json
from fhir_client.transport.tolerant_json import object_member, parse_foreign_json
from fhir_client.uscore.chart_shape import MalformedChartError, require_shape
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.bundle import build_bundle
from fhir_client.write.validation import validate_bundle
from intake.answers import MatchCriteria
from intake.ehr.strategy import build_merge_policy
from intake.mapping.site_mapping import map_submission
from intake.settings import load_settings
from intake.store.payload import decode_submission


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
    settings, current_file = load_settings(), args.answers
    try:
        us_core = us_core_version(args.us_core)
        statement = map_submission(decode_submission(args.answers.read_bytes()), settings)
        current_file = args.patient or args.answers
        patient = None if args.patient is None else _read_patient(args.patient)
        # Patient matching needs the server. Without a network only the file can name the chart.
        if patient is None and MatchCriteria.from_reference(statement.patient):
            raise ValueError(
                "patient: this is a record number; name its chart's file with --patient"
            )
        if patient is not None:
            statement = replace(statement, patient=f"Patient/{patient['id']}")
        bundle = build_bundle(statement, us_core, patient, build_merge_policy(settings)).bundle
        validate_bundle(bundle)
    except (OSError, ValueError, MalformedChartError) as error:
        print(f"{current_file}: {error}", file=sys.stderr)
        return 1
    print(exact_json.format_json(bundle, indent=2))
    return 0


def _read_patient(path: Path) -> dict[str, Any]:
    """Return the file's Patient.

    Raises ValueError if it is none or has no version, and MalformedChartError naming an odd node.
    """
    resource = parse_foreign_json(path.read_bytes())
    if (
        not isinstance(resource, dict)
        or resource.get("resourceType") != "Patient"
        or not isinstance(resource.get("id"), str)
        or local_reference(f"Patient/{resource['id']}", "Patient") is None
    ):
        raise ValueError("this is no Patient with an id")
    # The version becomes ifMatch. Without it the write could overwrite another author's change.
    version = object_member(resource, "meta").get("versionId")
    if not version or not isinstance(version, str):
        raise ValueError(
            "the Patient has no meta.versionId, so a concurrent change would not be noticed"
        )
    require_shape(resource)
    return resource
