"""The whole report, against DuckDB's bare scan of the same files and columns.

The first argument is the number of patients.
"""

import json
import random
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from intake.report.build import ReportRequest, build_report
from intake.report.periods import parse_period
from intake.report.shapes import SHAPES
from intake.report.values import ClinicScope
from tests.benchmarks.measurement import Limit, measure_seconds, report_limits

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
CDCREC = "urn:oid:2.16.840.1.113883.6.238"
RACES = ("1002-5", "2028-9", "2054-5", "2076-8", "2106-3")
CLINICS = tuple(
    ClinicScope(f"c{n}", f"Clinic {n}", "America/Chicago", (f"Organization/o{n}",))
    for n in range(20)
)
AS_OF = datetime(2026, 11, 23, tzinfo=UTC)
GOAL, LIMIT = 0.6, 0.35
"""The goal, and the limit, which leaves room for a machine that does other work as well."""
COLUMNS = {kind: tuple(SHAPES[kind]) for kind in ("Patient", "Encounter", "Observation")}


def create_patient(number: int, generator: random.Random) -> dict[str, Any]:
    """Return a Patient about as large as those of Synthea and of EHRs."""
    extension = [
        {
            "url": US_CORE + name,
            "extension": [_category(code), {"url": "text", "valueString": "as told"}],
        }
        for name, code in (("race", generator.choice(RACES)), ("ethnicity", "2186-5"))
        if generator.random() < 0.7
    ]
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "meta": {"lastUpdated": "2026-08-01T10:00:00Z", "profile": [US_CORE + "patient"]},
        "text": {"status": "generated", "div": "<div>" + "x" * 600 + "</div>"},
        "extension": extension,
        "identifier": [_identifier(number, kind) for kind in ("MR", "SS", "DL", "PPN", "AN")],
        "name": [
            {"use": use, "family": f"Family{number}", "given": ["Given", "Names"]}
            for use in ("official", "maiden")
        ],
        "telecom": [
            {"system": "phone", "value": "555-0100", "use": use}
            for use in ("home", "work", "mobile")
        ],
        "contact": [
            {"relationship": [_kind("N")], "name": {"family": f"Contact{n}"}} for n in range(3)
        ],
        "maritalStatus": _kind("M"),
        "generalPractitioner": [
            {"reference": f"Practitioner/{n}", "display": "Dr. Somebody"} for n in range(3)
        ],
        "address": [
            {"line": ["1 Main Street"], "city": "Springfield", "state": "KS", "postalCode": "66801"}
        ],
        "communication": [
            {
                "language": {
                    "coding": [
                        {"system": "urn:ietf:bcp:47", "code": generator.choice(["en", "es"])}
                    ]
                }
            }
        ],
    }


def _identifier(number: int, kind: str) -> dict[str, Any]:
    return {
        "type": _kind(kind),
        "system": f"http://hospital.example/{kind}",
        "value": f"{number}-{kind}",
    }


def _kind(code: str) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/v2-0203"
    return {
        "coding": [{"system": system, "code": code, "display": f"The words for {code}"}],
        "text": f"Words for {code}",
    }


def _category(code: str) -> dict[str, Any]:
    return {"url": "ombCategory", "valueCoding": {"system": CDCREC, "code": code}}


def create_encounters(number: int, generator: random.Random) -> Iterator[dict[str, Any]]:
    """Yield a few Encounters over two years."""
    for nth in range(generator.randint(1, 6)):
        start = AS_OF - timedelta(days=generator.randint(0, 730))
        organization = f"o{generator.randint(0, 19)}"
        yield {
            "resourceType": "Encounter",
            "id": f"e{number}-{nth}",
            "meta": {"lastUpdated": start.isoformat()},
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "type": [
                {
                    "coding": [{"system": "http://snomed.info/sct", "code": "185347001"}],
                    "text": "Visit",
                }
            ],
            "subject": {"reference": f"Patient/p{number}"},
            "identifier": [_identifier(nth, "VN")],
            "participant": [
                {
                    "type": [_kind("PPRF")],
                    "individual": {"reference": f"Practitioner/{n}", "display": "Dr. Somebody"},
                }
                for n in range(2)
            ],
            "reasonCode": [_kind("reason")],
            "period": {"start": start.isoformat(), "end": start.isoformat()},
            "location": [{"location": {"reference": f"Location/{organization}"}}],
            "serviceProvider": {"reference": f"Organization/{organization}"},
        }


def create_observations(number: int, generator: random.Random) -> Iterator[dict[str, Any]]:
    """Yield a race Observation for two patients in five."""
    if generator.random() < 0.4:
        code = {"coding": [{"system": "http://loinc.org", "code": "72826-1"}]}
        value = {"coding": [{"system": CDCREC, "code": generator.choice(RACES)}]}
        yield {
            "resourceType": "Observation",
            "id": f"o{number}",
            "status": "final",
            "code": code,
            "subject": {"reference": f"Patient/p{number}"},
            "effectiveDateTime": "2026-08-01T10:00:00Z",
            "method": {"coding": [{"code": "self-reported"}]},
            "component": [{"code": code, "valueCodeableConcept": value}],
        }


def write_export(folder: Path, people: int) -> None:
    """Write the export."""
    generator = random.Random(3)
    kinds: dict[str, Callable[[int], Any]] = {
        "Patient": lambda n: [create_patient(n, generator)],
        "Encounter": lambda n: create_encounters(n, generator),
        "Observation": lambda n: create_observations(n, generator),
    }
    for kind, make_all in kinds.items():
        with (folder / f"{kind}.ndjson").open("w", encoding="utf-8") as out:
            for number in range(people):
                out.writelines(
                    json.dumps(resource, separators=(",", ":")) + "\n"
                    for resource in make_all(number)
                )


def scan_files(folder: Path) -> None:
    """Read the same columns of the same files and count them."""
    connection = duckdb.connect()
    for kind, names in COLUMNS.items():
        fields = ("id", "resourceType", *names)
        columns = ", ".join(f"{name}: 'JSON'" for name in fields)
        counted = ", ".join(f"count({name})" for name in fields)
        connection.execute(
            f"SELECT {counted} FROM read_json('{folder}/{kind}.ndjson', "  # noqa: S608
            f"format='newline_delimited', columns={{{columns}}}, maximum_object_size=134217728)"
        ).fetchall()
    connection.close()


def build_whole_report(folder: Path) -> None:
    """Build the report."""
    codes = dict.fromkeys(RACES, "race") | {"2186-5": "ethnicity"}
    build_report(
        folder, ReportRequest(parse_period("2026", date(2026, 11, 23)), AS_OF, codes, CLINICS)
    )


def measure_best(works: Sequence[Callable[[Path], None]], folder: Path) -> list[float]:
    """Return the best of three times of each, run in turn: a busy moment meets all of them."""
    times = [[measure_seconds(partial(work, folder)) for work in works] for _ in range(3)]
    return [min(column) for column in zip(*times, strict=True)]


def main() -> int:
    """Print the ratio, and the peak memory of the report."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_export(folder, people)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
        scan, report = measure_best((scan_files, build_whole_report), folder)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{people} patients, {size:.0f} MiB: scan {scan:.2f} s, report {report:.2f} s\n"
    )
    beside = f"goal {GOAL}; at most {memory:.0f} MiB of memory"
    return report_limits(
        [Limit("report, of DuckDB's bare scan", scan / report, ">=", LIMIT, beside)]
    )


if __name__ == "__main__":
    sys.exit(main())
