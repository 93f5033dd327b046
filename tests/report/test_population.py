"""Patients count once per clinic and period; the others are counted by reason."""

from typing import Any

import pytest

from intake.report.values import TOTAL
from tests.support.report_export import (
    HILLTOP,
    RIVERSIDE,
    CountExport,
    ExportFolder,
    group_extension,
    people_by_row,
)


@pytest.mark.parametrize("status", ["arrived", "triaged", "in-progress", "onleave", "finished"])
def test_a_qualifying_status_counts(
    export_folder: ExportFolder, count_export: CountExport, status: str
) -> None:
    export_folder.add_patient(seen=False)
    export_folder.add_encounter("p", status=status)
    assert people_by_row(count_export()) == {"riverside": 1, TOTAL: 1}


@pytest.mark.parametrize(
    ("reason", "unit", "fields"),
    [
        ("status-unknown", "encounters", {"status": "unknown"}),
        ("status-not-qualifying", "encounters", {"status": "cancelled"}),
        ("status-not-qualifying", "encounters", {"status": "planned"}),
        ("status-not-qualifying", "encounters", {"status": "entered-in-error"}),
        ("no-start-date", "encounters", {"start": None}),
        ("no-clinic", "encounters", {"serviceProvider": {"reference": "Organization/other"}}),
        ("no-patient", "encounters", {"subject": {"reference": "Patient/nobody"}}),
    ],
)
def test_an_excluded_encounter_is_counted_by_its_reason(
    export_folder: ExportFolder,
    count_export: CountExport,
    reason: str,
    unit: str,
    fields: dict[str, Any],
) -> None:
    export_folder.add_patient("seen")
    export_folder.add_patient("p", seen=False)
    export_folder.add_encounter("p", **fields)
    tally = count_export()
    assert people_by_row(tally) == {"riverside": 1, TOTAL: 1}
    assert {key: number for key, number in tally.exclusions.items() if number} == {
        (reason, unit): 1
    }


@pytest.mark.parametrize("where", ["tag", "security"])
def test_test_patients_are_left_out(
    export_folder: ExportFolder, count_export: CountExport, where: str
) -> None:
    export_folder.add_patient(
        "p",
        meta={
            where: [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
            ]
        },
    )
    export_folder.add_encounter("p")
    tally = count_export()
    assert people_by_row(tally) == {"riverside": 0, TOTAL: 0}
    assert tally.exclusions["test-patient", "patients"] == 1


def replaced_by(key: str) -> list[dict[str, Any]]:
    return [{"type": "replaced-by", "other": {"reference": f"Patient/{key}"}}]


def test_merged_records_count_as_one_person(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient(
        "old", group_extension("race", "2028-9", text="Asian"), link=replaced_by("middle")
    )
    export_folder.add_patient("middle", link=replaced_by("new"), seen=False)
    export_folder.add_patient("new")
    export_folder.add_observation("ethnicity", "2186-5", patient="old")
    tally = count_export()
    assert people_by_row(tally) == {"riverside": 1, TOTAL: 1}
    assert tally.rows[-1].elements["ethnicity"].states[0] == 1
    assert tally.rows[-1].elements["race"].states[5] == 1


def test_a_loop_of_merges_is_left_out(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient("a", link=replaced_by("b"))
    export_folder.add_patient("b", link=replaced_by("a"), seen=False)
    tally = count_export()
    assert people_by_row(tally)[TOTAL] == 0
    assert tally.exclusions["merge-unresolved", "patients"] == 1


@pytest.mark.parametrize(("merges", "counted"), [(5, 1), (6, 0)])
def test_five_merges_are_followed(
    export_folder: ExportFolder, count_export: CountExport, merges: int, counted: int
) -> None:
    for number in range(merges):
        export_folder.add_patient(
            f"p{number}", link=replaced_by(f"p{number + 1}"), seen=number == 0
        )
    export_folder.add_patient(f"p{merges}", seen=False)
    assert people_by_row(count_export())[TOTAL] == counted


@pytest.mark.parametrize(
    ("start", "period", "counted"),
    [
        ("2026-07-01T03:59:59Z", "2026-Q3", 0),
        ("2026-07-01T04:00:00Z", "2026-Q3", 1),
        ("2026-10-01T03:59:59Z", "2026-09", 1),
        ("2026-10-01T00:00:00-04:00", "2026-Q3", 0),
        ("2026-11-01T05:59:59Z", "2026-10", 0),
        ("2026-11-01T03:59:59Z", "2026-10", 1),
        ("2026-12-01T04:59:59Z", "2026-11", 1),
        ("2026-09-30", "2026-Q3", 1),
        ("2026-10-01", "2026-Q3", 0),
        ("2026-08", "2026", 1),
        ("2025-11-24", "rolling-12", 1),
        ("2025-11-23", "rolling-12", 0),
    ],
)
def test_days_begin_in_the_clinics_zone(
    export_folder: ExportFolder, count_export: CountExport, start: str, period: str, counted: int
) -> None:
    export_folder.add_patient(seen=False)
    export_folder.add_encounter("p", start)
    assert people_by_row(count_export(period))[TOTAL] == counted


def test_each_clinic_has_its_own_days_and_rows_need_not_sum(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    for provider in ("Organization/river", "Organization?identifier=http://npi.example|77"):
        for key, start in (("a", "2026-08-01T12:00:00Z"), ("b", "2026-10-01T05:00:00Z")):
            export_folder.add_encounter(key, start, serviceProvider={"reference": provider})
    export_folder.add_patient("a", seen=False)
    export_folder.add_patient("b", seen=False)
    assert people_by_row(count_export("2026-Q3", RIVERSIDE, HILLTOP)) == {
        "riverside": 1,
        "hilltop": 2,
        TOTAL: 2,
    }


@pytest.mark.parametrize(
    "subject",
    [
        "https://ehr.example/fhir/Patient/p",
        "urn:uuid:p",
        "Patient?identifier=urn:mrn|7",
        "Patient?identifier=7",
    ],
)
def test_every_form_of_patient_reference_is_followed(
    export_folder: ExportFolder, count_export: CountExport, subject: str
) -> None:
    export_folder.add_patient(seen=False, identifier=[{"system": "urn:mrn", "value": "7"}])
    export_folder.add_encounter("p", subject={"reference": subject})
    export_folder.add_observation("race", "2028-9", subject={"reference": subject})
    row = count_export().rows[-1]
    assert (row.people, row.elements["race"].states[0]) == (1, 1)


def test_only_the_newest_version_of_a_resource_counts(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient(seen=False, meta={"lastUpdated": "2026-01-01T00:00:00Z"})
    export_folder.add_patient(
        "p",
        group_extension("race", "2028-9", text="Asian"),
        seen=False,
        meta={"lastUpdated": "2026-02-01T00:00:00Z"},
    )
    export_folder.add_encounter("p", id="e", meta={"lastUpdated": "2026-09-02T00:00:00Z"})
    export_folder.add_encounter(
        "p", id="e", status="entered-in-error", meta={"lastUpdated": "2026-09-01T00:00:00Z"}
    )
    tally = count_export()
    assert people_by_row(tally)["riverside"] == 1
    assert tally.rows[-1].elements["race"].states[2] == 1
    assert not any(tally.exclusions.values())


def test_an_empty_population_has_zero_counts(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient(seen=False)
    tally = count_export()
    assert people_by_row(tally) == {"riverside": 0, TOTAL: 0}
    assert tally.newest_encounter is None


def test_a_repeated_provenance_changes_nothing(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient()
    target = {"reference": "Patient/p"}
    export_folder.resources.append(
        {
            "resourceType": "Provenance",
            "id": "v",
            "recorded": "2026-08-04T09:00:00Z",
            "target": [target],
        }
    )
    once = count_export().snapshot
    export_folder.resources.append(export_folder.resources[-1])
    assert count_export().snapshot == once
