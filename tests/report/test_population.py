"""Who counts: qualifying encounters in the clinic's own days, each patient once; the others are counted by reason."""

from typing import Any

import pytest

from intake.report.build import Tally, build_tally
from intake.report.values import TOTAL, ClinicScope
from tests.report.conftest import (
    HILLTOP,
    RIVERSIDE,
    Count,
    ExportFolder,
    group_extension,
    report_request,
)


def people(found: Tally) -> dict[str, int]:
    return {row.key: row.people for row in found.rows}


@pytest.mark.parametrize("status", ["arrived", "triaged", "in-progress", "onleave", "finished"])
def test_qualifying_status(world: ExportFolder, count: Count, status: str) -> None:
    world.add_patient(seen=False)
    world.add_encounter("p", status=status)
    assert people(count()) == {"riverside": 1, TOTAL: 1}


@pytest.mark.parametrize(
    ("reason", "unit", "more"),
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
def test_left_out_encounters(
    world: ExportFolder, count: Count, reason: str, unit: str, more: dict[str, Any]
) -> None:
    world.add_patient("seen")
    world.add_patient("p", seen=False)
    world.add_encounter("p", **more)
    found = count()
    assert people(found) == {"riverside": 1, TOTAL: 1}
    assert {key: number for key, number in found.exclusions.items() if number} == {
        (reason, unit): 1
    }


@pytest.mark.parametrize("where", ["tag", "security"])
def test_test_patients_are_left_out(world: ExportFolder, count: Count, where: str) -> None:
    world.add_patient(
        "p",
        meta={
            where: [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
            ]
        },
    )
    world.add_encounter("p")
    found = count()
    assert people(found) == {"riverside": 0, TOTAL: 0}
    assert found.exclusions["test-patient", "patients"] == 1


def replaced_by(key: str) -> list[dict[str, Any]]:
    return [{"type": "replaced-by", "other": {"reference": f"Patient/{key}"}}]


def test_merged_records_are_one_person(world: ExportFolder, count: Count) -> None:
    world.add_patient(
        "old", group_extension("race", "2028-9", text="Asian"), link=replaced_by("middle")
    )
    world.add_patient("middle", link=replaced_by("new"), seen=False)
    world.add_patient("new")
    world.add_observation("ethnicity", "2186-5", patient="old")
    found = count()
    assert people(found) == {"riverside": 1, TOTAL: 1}
    assert found.rows[-1].elements["ethnicity"].states[0] == 1
    assert found.rows[-1].elements["race"].states[5] == 1


def test_a_loop_of_merges_is_left_out(world: ExportFolder, count: Count) -> None:
    world.add_patient("a", link=replaced_by("b"))
    world.add_patient("b", link=replaced_by("a"), seen=False)
    found = count()
    assert people(found)[TOTAL] == 0
    assert found.exclusions["merge-unresolved", "patients"] == 1


@pytest.mark.parametrize(("merges", "counted"), [(5, 1), (6, 0)])
def test_five_merges_are_followed(
    world: ExportFolder, count: Count, merges: int, counted: int
) -> None:
    for number in range(merges):
        world.add_patient(f"p{number}", link=replaced_by(f"p{number + 1}"), seen=number == 0)
    world.add_patient(f"p{merges}", seen=False)
    assert people(count())[TOTAL] == counted


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
    world: ExportFolder, count: Count, start: str, period: str, counted: int
) -> None:
    world.add_patient(seen=False)
    world.add_encounter("p", start)
    assert people(count(period))[TOTAL] == counted


def test_each_clinic_has_its_own_days_and_rows_need_not_sum(
    world: ExportFolder, count: Count
) -> None:
    for provider in ("Organization/river", "Organization?identifier=http://npi.example|77"):
        for key, start in (("a", "2026-08-01T12:00:00Z"), ("b", "2026-10-01T05:00:00Z")):
            world.add_encounter(key, start, serviceProvider={"reference": provider})
    world.add_patient("a", seen=False)
    world.add_patient("b", seen=False)
    assert people(count("2026-Q3", RIVERSIDE, HILLTOP)) == {"riverside": 1, "hilltop": 2, TOTAL: 2}


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Organization/hill"},
        {"reference": "https://ehr.example/fhir/Organization/hill"},
        {"reference": "Organization/hill/_history/3"},
        {"reference": "urn:uuid:hill"},
        {"reference": "Organization?identifier=http://npi.example|77"},
        {"reference": "Organization?identifier=http%3A%2F%2Fnpi.example%7C77"},
        {"identifier": {"system": "http://npi.example", "value": "77"}},
    ],
)
def test_every_form_of_reference(
    world: ExportFolder, count: Count, reference: dict[str, Any]
) -> None:
    organization(world, "hill", identifier=[{"system": "http://npi.example", "value": "77"}])
    world.add_patient(seen=False)
    world.add_encounter("p", serviceProvider=reference)
    assert people(count("2026-Q3", HILLTOP))["hilltop"] == 1


@pytest.mark.parametrize(
    "subject",
    [
        "https://ehr.example/fhir/Patient/p",
        "urn:uuid:p",
        "Patient?identifier=urn:mrn|7",
        "Patient?identifier=7",
    ],
)
def test_every_form_of_reference_to_a_patient(
    world: ExportFolder, count: Count, subject: str
) -> None:
    world.add_patient(seen=False, identifier=[{"system": "urn:mrn", "value": "7"}])
    world.add_encounter("p", subject={"reference": subject})
    world.add_observation("race", "2028-9", subject={"reference": subject})
    row = count().rows[-1]
    assert (row.people, row.elements["race"].states[0]) == (1, 1)


def organization(world: ExportFolder, key: str, **more: Any) -> None:
    world.resources.append({"resourceType": "Organization", "id": key, **more})


def location(world: ExportFolder, key: str, **more: Any) -> None:
    world.resources.append({"resourceType": "Location", "id": key, **more})


def at(key: str) -> dict[str, Any]:
    return {
        "serviceProvider": {"reference": "Organization/system"},
        "location": [{"location": {"reference": key}}],
    }


def test_a_room_belongs_to_the_clinic_above_it(world: ExportFolder, count: Count) -> None:
    location(world, "room", partOf={"reference": "Location/floor"})
    location(world, "floor", partOf={"reference": "Location/wing"})
    location(world, "round", partOf={"reference": "Location/round"})
    world.add_patient(seen=False)
    world.add_encounter("p", **at("Location/room"))
    world.add_encounter("p", **at("Location/round"))
    found = count()
    assert people(found)["riverside"] == 1
    assert found.exclusions["no-clinic", "encounters"] == 1


def test_a_room_that_the_clinics_organization_manages(world: ExportFolder, count: Count) -> None:
    location(world, "room", managingOrganization={"reference": "Organization/river"})
    world.add_patient(seen=False)
    world.add_encounter("p", **at("Location/room"))
    assert people(count())["riverside"] == 1


def test_the_appointments_location_is_the_last_resort(world: ExportFolder, count: Count) -> None:
    actors = [{"actor": {"reference": "Patient/p"}}, {"actor": {"reference": "Location/wing"}}]
    world.resources.append({"resourceType": "Appointment", "id": "a", "participant": actors})
    world.add_patient(seen=False)
    world.add_encounter(
        "p",
        serviceProvider={"reference": "Organization/system"},
        appointment=[{"reference": "Appointment/a"}],
    )
    assert people(count())["riverside"] == 1


def test_the_provider_goes_before_the_location(world: ExportFolder, count: Count) -> None:
    hilltop = ClinicScope("hilltop", "Hilltop", "America/Los_Angeles", ("Organization/hill",), ())
    world.add_patient(seen=False)
    world.add_encounter(
        "p", **at("Location/wing") | {"serviceProvider": {"reference": "Organization/hill"}}
    )
    assert people(count("2026-Q3", RIVERSIDE, hilltop)) == {"riverside": 0, "hilltop": 1, TOTAL: 1}


def test_organizations_of_one_name_are_told_apart_by_their_ids(world: ExportFolder) -> None:
    for key in ("east", "west"):
        organization(world, key, name="Hill")
        world.add_patient(f"p-{key}", seen=False)
        world.add_encounter(f"p-{key}", serviceProvider={"reference": f"Organization/{key}"})
    made = build_tally(world.write_files(), report_request("2026-Q3", by_organization=True))
    assert [(row.key, row.name) for row in made.rows] == [
        ("east", "Hill (east)"),
        ("west", "Hill (west)"),
        (TOTAL, ""),
    ]


def test_organizations_are_rows_where_no_clinic_fits(world: ExportFolder, count: Count) -> None:
    organization(
        world, "hill", name="Hill", identifier=[{"system": "http://npi.example", "value": "77"}]
    )
    world.add_patient(seen=False)
    world.add_encounter(
        "p", serviceProvider={"reference": "Organization?identifier=http://npi.example|77"}
    )
    stranger = ClinicScope("stranger", "Stranger", "UTC", ("Organization/stranger",))
    found = count("2026-Q3", stranger)
    assert [(row.key, row.name, row.people) for row in found.rows] == [
        ("hill", "Hill", 1),
        (TOTAL, "", 1),
    ]
    assert people(count("2026-Q3", stranger, by_organization=False)) == {"stranger": 0, TOTAL: 0}


def test_a_resource_that_stands_twice_counts_as_its_newest_version(
    world: ExportFolder, count: Count
) -> None:
    world.add_patient(seen=False, meta={"lastUpdated": "2026-01-01T00:00:00Z"})
    world.add_patient(
        "p",
        group_extension("race", "2028-9", text="Asian"),
        seen=False,
        meta={"lastUpdated": "2026-02-01T00:00:00Z"},
    )
    world.add_encounter("p", id="e", meta={"lastUpdated": "2026-09-02T00:00:00Z"})
    world.add_encounter(
        "p", id="e", status="entered-in-error", meta={"lastUpdated": "2026-09-01T00:00:00Z"}
    )
    found = count()
    assert people(found)["riverside"] == 1
    assert found.rows[-1].elements["race"].states[2] == 1
    assert not any(found.exclusions.values())


def test_nobody(world: ExportFolder, count: Count) -> None:
    world.add_patient(seen=False)
    found = count()
    assert people(found) == {"riverside": 0, TOTAL: 0}
    assert found.newest_encounter is None


def test_provenance_that_a_paged_search_brings_twice_changes_nothing(
    world: ExportFolder, count: Count
) -> None:
    world.add_patient()
    target = {"reference": "Patient/p"}
    world.resources.append(
        {
            "resourceType": "Provenance",
            "id": "v",
            "recorded": "2026-08-04T09:00:00Z",
            "target": [target],
        }
    )
    once = count().snapshot
    world.resources.append(world.resources[-1])
    assert count().snapshot == once
