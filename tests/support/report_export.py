"""An export of FHIR resources with known patients, built by hand, and a request to report on it."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from intake.report.build import ReportRequest, Tally
from intake.report.periods import parse_period
from intake.report.values import ClinicScope, Definition, State

Resource = dict[str, Any]

AS_OF = datetime(2026, 11, 23, 12, tzinfo=UTC)
CDCREC = "urn:oid:2.16.840.1.113883.6.238"
NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
SNOMED = "http://snomed.info/sct"
GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
CODE_KINDS = {
    "1002-5": "race",
    "2028-9": "race",
    "2034-7": "race",
    "2054-5": "race",
    "2106-3": "race",
    "2118-8": "race",
    "2131-1": "race",
    "2135-2": "ethnicity",
    "2148-5": "ethnicity",
    "2186-5": "ethnicity",
}
LOINC = {
    "race": "72826-1",
    "ethnicity": "69490-1",
    "spoken-language": "54899-0",
    "interpreter": "54588-9",
}
RIVERSIDE = ClinicScope(
    "riverside", "Riverside", "America/New_York", ("Organization/river",), ("Location/wing",)
)
HILLTOP = ClinicScope("hilltop", "Hilltop", "America/Los_Angeles", ("http://npi.example|77",))


CountExport = Callable[..., Tally]
"""Writes the export and counts it exactly; takes what `report_request` takes."""


def build_coding(code: str, system: str = CDCREC) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def group_extension(
    name: str,
    *codes: str,
    system: str = CDCREC,
    detailed: tuple[str, ...] = (),
    text: str | None = None,
) -> Resource:
    """Return the race or ethnicity extension."""
    parts: list[Resource] = [
        {"url": "ombCategory", "valueCoding": {"system": system, "code": code}} for code in codes
    ]
    parts += [
        {"url": "detailed", "valueCoding": {"system": CDCREC, "code": code}} for code in detailed
    ]
    parts += [{"url": "text", "valueString": text}] if text is not None else []
    return {"url": US_CORE + name, "extension": parts}


def communication_entry(
    code: str | None,
    text: str | None = None,
    *,
    preferred: bool = False,
    modes: tuple[str, ...] = (),
) -> Resource:
    """Return an entry of Patient.communication."""
    language: Resource = build_coding(code, "urn:ietf:bcp:47") if code else {}
    entry: Resource = {
        "language": language | ({"text": text} if text else {}),
        "preferred": preferred,
    }
    if modes:
        entry["extension"] = [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-proficiency",
                "extension": [{"url": "type", "valueCoding": {"code": mode}} for mode in modes],
            }
        ]
    return entry


@dataclass
class ExportFolder:
    """An export: its resources, and the folder for their files."""

    folder: Path
    resources: list[Resource] = field(default_factory=list)

    def add_patient(
        self, key: str = "p", *extensions: Resource, seen: bool = True, **fields: Any
    ) -> None:
        """Add a patient, with an encounter at Riverside in the third quarter if `seen`."""
        extension = {"extension": list(extensions)} if extensions else {}
        self.resources.append({"resourceType": "Patient", "id": key, **extension, **fields})
        if seen:
            self.add_encounter(key)

    def add_encounter(
        self,
        patient: str,
        start: str | None = "2026-08-04T09:00:00-04:00",
        status: str = "finished",
        **fields: Any,
    ) -> None:
        """Add an encounter at Riverside; `fields` replace its own."""
        resource: Resource = {
            "resourceType": "Encounter",
            "id": f"e{len(self.resources)}",
            "status": status,
            "subject": {"reference": f"Patient/{patient}"},
            "serviceProvider": {"reference": "Organization/river"},
        }
        self.resources.append(resource | ({"period": {"start": start}} if start else {}) | fields)

    def add_observation(
        self,
        element: str,
        *codes: str,
        absent: str | None = None,
        method: str | None = "self-reported",
        at: str = "2026-08-04T09:10:00-04:00",
        patient: str = "p",
        **fields: Any,
    ) -> None:
        """Add an Observation of Gravity's profiles.

        Race and ethnicity have components, the other elements a value.
        """
        resource: Resource = {
            "resourceType": "Observation",
            "id": f"o{len(self.resources)}",
            "status": "final",
            "code": build_coding(LOINC[element], "http://loinc.org"),
            "subject": {"reference": f"Patient/{patient}"},
            "effectiveDateTime": at,
        }
        if element in {"race", "ethnicity"}:
            resource["component"] = [
                {"code": resource["code"], "valueCodeableConcept": build_coding(code)}
                for code in codes
            ]
        elif codes:
            system = SNOMED if element == "interpreter" else "urn:ietf:bcp:47"
            resource["valueCodeableConcept"] = build_coding(codes[0], system)
        if absent:
            resource["dataAbsentReason"] = build_coding(absent, ABSENT)
        if method:
            resource["method"] = build_coding(method, GRAVITY)
        self.resources.append(resource | fields)

    def write_files(self, *, packed: bool = False) -> Path:
        """Write one file per resource type, and return the folder."""
        for kind in {resource["resourceType"] for resource in self.resources}:
            lines = "".join(
                json.dumps(entry) + "\n"
                for entry in self.resources
                if entry["resourceType"] == kind
            )
            if packed:
                (self.folder / f"{kind}.000.ndjson.gz").write_bytes(gzip.compress(lines.encode()))
            else:
                (self.folder / f"{kind}.ndjson").write_text(lines, encoding="utf-8")
        return self.folder


def report_request(period: str = "2026-Q3", *clinics: ClinicScope, **options: Any) -> ReportRequest:
    """Return a request for Riverside in the third quarter, with changes."""
    definition = options.pop("definition", Definition())
    return ReportRequest(
        parse_period(period, AS_OF.date()),
        AS_OF,
        CODE_KINDS,
        clinics or (RIVERSIDE,),
        definition=definition,
        **options,
    )


def read_state(tally: Tally, element: str) -> State:
    """Return the state of the only patient."""
    states = tally.rows[-1].elements[element].states
    assert sum(states) == 1
    return State(states.index(1) + 1)


def read_part(tally: Tally, element: str, name: str) -> int:
    return tally.rows[-1].elements[element].parts[name]


def people_by_row(tally: Tally) -> dict[str, int]:
    return {row.key: row.people for row in tally.rows}
