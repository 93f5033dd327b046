"""The whole report against DuckDB's bare scan of the same files and columns; the first argument is how many people."""

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
"""The design's goal, and where the gate closes: so far below it that a machine that does other things too does not."""
COLUMNS = {kind: tuple(SHAPES[kind]) for kind in ("Patient", "Encounter", "Observation")}


def patient(number: int, chance: random.Random) -> dict[str, Any]:
    """A patient about as long as those of Synthea and of EHRs."""
    extension = [
        {
            "url": US_CORE + name,
            "extension": [_category(code), {"url": "text", "valueString": "as told"}],
        }
        for name, code in (("race", chance.choice(RACES)), ("ethnicity", "2186-5"))
        if chance.random() < 0.7
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
                    "coding": [{"system": "urn:ietf:bcp:47", "code": chance.choice(["en", "es"])}]
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


def encounters(number: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """A few encounters over two years."""
    for nth in range(chance.randint(1, 6)):
        start = AS_OF - timedelta(days=chance.randint(0, 730))
        organization = f"o{chance.randint(0, 19)}"
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


def observations(number: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """What two of five said of their race."""
    if chance.random() < 0.4:
        code = {"coding": [{"system": "http://loinc.org", "code": "72826-1"}]}
        value = {"coding": [{"system": CDCREC, "code": chance.choice(RACES)}]}
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


def write(folder: Path, people: int) -> None:
    """Write the export."""
    chance = random.Random(3)
    kinds: dict[str, Callable[[int], Any]] = {
        "Patient": lambda n: [patient(n, chance)],
        "Encounter": lambda n: encounters(n, chance),
        "Observation": lambda n: observations(n, chance),
    }
    for kind, make_all in kinds.items():
        with (folder / f"{kind}.ndjson").open("w", encoding="utf-8") as out:
            for number in range(people):
                out.writelines(
                    json.dumps(one, separators=(",", ":")) + "\n" for one in make_all(number)
                )


def bare_scan(folder: Path) -> None:
    """Read the same columns of the same files and do nothing with them."""
    connection = duckdb.connect()
    for kind, names in COLUMNS.items():
        fields = ("id", "resourceType", *names)
        columns = ", ".join(f"{name}: 'JSON'" for name in fields)
        counted = ", ".join(f"count({name})" for name in fields)
        connection.execute(
            f"SELECT {counted} FROM read_json('{folder}/{kind}.ndjson', format='newline_delimited', "  # noqa: S608
            f"columns={{{columns}}}, maximum_object_size=134217728)"
        ).fetchall()
    connection.close()


def whole_report(folder: Path) -> None:
    """Make the report."""
    codes = dict.fromkeys(RACES, "race") | {"2186-5": "ethnicity"}
    build_report(
        folder, ReportRequest(parse_period("2026", date(2026, 11, 23)), AS_OF, codes, CLINICS)
    )


def best(works: Sequence[Callable[[Path], None]], folder: Path) -> list[float]:
    """The best of three of each, turn by turn, so that a busy moment of the machine meets them all."""
    times = [[measure_seconds(partial(work, folder)) for work in works] for _ in range(3)]
    return [min(each) for each in zip(*times, strict=True)]


def main() -> int:
    """Print the ratio and the memory that the report took at its height."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, people)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
        scan, report = best((bare_scan, whole_report), folder)
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
